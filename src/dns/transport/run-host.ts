import type { QueryOptions } from '../wire/query.ts';
import type { AttemptPool } from './attempt.ts';
import type { DropCounters } from './drop-counters.ts';
import type { Question } from './exchange.ts';
import type { ExchangeRun } from './exchange-run.ts';
import type { Server } from './server.ts';
import type { Servers } from './servers.ts';
import type { TransportSettings } from './settings.ts';

/** What a question asks of the transport. */
export interface RunHost {
  readonly settings: TransportSettings;
  readonly servers: Servers;
  readonly attempts: AttemptPool;
  readonly drops: DropCounters;
  /** By 2 × exact case + OPT. */
  readonly queryOptions: readonly QueryOptions[];
  nowMs(): number;
  /** Of this turn: cheap, and late by a turn at most. */
  turnMs(): number;
  /** `run.onTime` runs at `atMs`, or soon after; it is forgotten as soon as the run is over. */
  schedule(run: ExchangeRun, atMs: number): void;
  /** No server has room: `run.go` runs when there is some. */
  wait(run: ExchangeRun): void;
  /** It is over; its place is free. */
  over(run: ExchangeRun): void;
  /** Calls `run.tell` soon, from the loop. */
  tellSoon(run: ExchangeRun): void;
  probe(question: Question, server: Server): void;
}
