import { DeadlineQueue } from '../../core/deadline-queue.ts';
import type { Flushable } from '../../core/event-loop.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import type { Random } from '../../core/random.ts';
import type { QueryOptions } from '../wire/query.ts';
import type { Settled } from '../wire/reply.ts';
import { Alarm, type AlarmOwner } from './alarm.ts';
import { AttemptPool } from './attempt.ts';
import { type DropCounters, dropCounters } from './drop-counters.ts';
import type { Exchange, Exchanger, Failure, Question } from './exchange.ts';
import { ExchangeRun } from './exchange-run.ts';
import { LentViews } from './lent-views.ts';
import type { RunHost } from './run-host.ts';
import type { Server, ServerStats } from './server.ts';
import { Servers } from './servers.ts';
import {
  type ServerAddress,
  type TransportOptions,
  type TransportSettings,
  transportSettings,
  WAITING_MAX,
} from './settings.ts';
import type { PoolContext } from './socket-pool.ts';

/** A copy of a question, that finds out whether a server is there again, waits so long at most. */
const PROBE_MS = 5_000;
const NOTHING = () => {};

/** What a transport did, and what it has: see `Transport.stats`. */
export type TransportStats = {
  readonly servers: readonly ServerStats[];
  readonly drops: Readonly<DropCounters>;
  /** Questions under way, and those that wait for room. */
  readonly inFlight: number;
  readonly waiting: number;
  /** Open, being opened or being closed, over UDP and TCP. */
  readonly sockets: number;
};

/**
 * Asks name servers over UDP and TCP. Everything in it is bounded: questions under way, those that
 * wait, sockets, and what is remembered. Idle for 10 s, it has neither a socket nor a timer.
 */
export class Transport implements Exchanger, RunHost, PoolContext, AlarmOwner, Flushable {
  readonly port: ProactorPort;
  readonly random: Random;
  readonly settings: TransportSettings;
  readonly drops: DropCounters = dropCounters();
  readonly views: LentViews = new LentViews();
  readonly attempts: AttemptPool = new AttemptPool();
  readonly servers: Servers;
  readonly queryOptions: readonly QueryOptions[];
  /** The loop's own. */
  flushAsked = false;
  readonly #due = new DeadlineQueue<ExchangeRun>();
  readonly #alarm: Alarm;
  /** Questions under way. Each has its moment in the queue above, as those have that wait. */
  #running = 0;
  /** For room, oldest first; some of them are under way and wait for their next attempt. */
  readonly #waiting = new Set<ExchangeRun>();
  #toTell: ExchangeRun[] = [];
  #closed = false;
  #onClosed: (() => void)[] = [];

  /** `random` must not be predictable: it gives numbers, ports and letters. */
  constructor(
    port: ProactorPort,
    random: Random,
    servers: readonly ServerAddress[],
    options: TransportOptions = {},
  ) {
    this.port = port;
    this.random = random;
    this.settings = transportSettings(options);
    const { ednsSize } = this.settings;
    this.queryOptions = [
      { ednsBytes: 0, random: undefined },
      { ednsBytes: ednsSize, random: undefined },
      { ednsBytes: 0, random },
      { ednsBytes: ednsSize, random },
    ];
    this.#alarm = new Alarm(port, this);
    this.servers = new Servers(this, servers);
  }

  ask(
    question: Question,
    deadlineMs: number,
    onEnd: (end: Settled | Failure) => void,
    nowMs: number = this.port.loop.nowMs(),
  ): Exchange {
    const run = new ExchangeRun(this, question, deadlineMs, onEnd);
    if (this.#closed) run.refuse(failure('ECANCELLED'));
    else if (this.servers.list.length === 0) run.refuse(failure('ENOSERVER'));
    else if (this.#waiting.size === 0 && this.#running < this.settings.maxInFlight) {
      this.#start(run, nowMs);
    } else if (this.#waiting.size < WAITING_MAX) {
      run.phase = 'waiting';
      this.#waiting.add(run);
      this.schedule(run, deadlineMs);
    } else run.refuse(failure('ENOSERVER'));
    return run;
  }

  /** Safe while questions are under way: they go on, and whoever stays keeps what is known of it. */
  setServers(servers: readonly ServerAddress[]): void {
    this.servers.set(servers);
    if (this.#waiting.size > 0) this.port.loop.flushAtTurnEnd(this);
  }

  get stats(): TransportStats {
    return {
      servers: this.servers.list.map(({ stats }) => stats),
      drops: { ...this.drops },
      inFlight: this.#running,
      waiting: this.#waiting.size,
      sockets: this.servers.sockets,
    };
  }

  /** Ends every question as cancelled, then the sockets; `onClosed` runs when nothing is left. */
  close(onClosed: () => void = NOTHING): void {
    this.#onClosed.push(onClosed);
    if (!this.#closed) {
      this.#closed = true;
      this.#cancelAll();
      this.servers.close();
      this.#alarm.stop();
    }
    this.socketGone();
  }

  // For what is inside.

  nowMs(): number {
    return this.port.loop.nowMs();
  }

  turnMs(): number {
    return this.port.loop.turnMs;
  }

  schedule(run: ExchangeRun, atMs: number): void {
    if (run.phase === 'over') return;
    this.#due.remove(run);
    this.#due.add(run, atMs);
    this.#alarm.lookAt(atMs);
  }

  wait(run: ExchangeRun): void {
    this.#waiting.add(run);
  }

  over(run: ExchangeRun): void {
    this.#due.remove(run);
    if (run.running) this.#running -= 1;
    if (run.pinned !== undefined) run.pinned.probing = false;
    if (this.#waiting.size === 0) return;
    this.#waiting.delete(run);
    if (!this.#closed) this.port.loop.flushAtTurnEnd(this);
  }

  tellSoon(run: ExchangeRun): void {
    this.#toTell.push(run);
    if (this.#toTell.length > 1) return;
    // A port that is closed posts nothing any more, and no turn will come.
    if (!this.port.loop.post(this.#tell)) this.#tell();
  }

  probe(question: Question, server: Server): void {
    const endMs = this.port.loop.nowMs() + PROBE_MS;
    server.probing = true;
    const run = new ExchangeRun(this, question, endMs, NOTHING, server);
    this.#start(run, this.port.loop.nowMs());
  }

  lookAgain(atMs: number): void {
    this.#alarm.lookAt(atMs);
  }

  socketGone(): void {
    if (!this.#closed || this.#onClosed.length === 0 || this.servers.sockets > 0) return;
    const waiting = this.#onClosed;
    this.#onClosed = [];
    for (const onClosed of waiting) if (!this.port.loop.post(onClosed)) onClosed();
  }

  onTime(nowMs: number): number {
    const { added } = this.#due;
    for (let run = this.#due.takeDue(nowMs, added); run !== undefined; ) {
      run.onTime(nowMs);
      run = this.#due.takeDue(nowMs, added);
    }
    return Math.min(this.#due.nextMs, this.servers.sweep(nowMs));
  }

  portClosed(): void {
    this.#closed = true;
    this.#cancelAll();
  }

  /** There may be room for those that wait. */
  flush(): void {
    const nowMs = this.port.loop.nowMs();
    for (const run of this.#waiting) {
      if (!run.running && this.#running >= this.settings.maxInFlight) return;
      this.#start(run, nowMs);
      if (run.phase === 'waiting') return;
      this.#waiting.delete(run);
    }
  }

  #start(run: ExchangeRun, nowMs: number): void {
    if (!run.running) this.#running += 1;
    run.running = true;
    run.go(nowMs);
  }

  #cancelAll(): void {
    for (let run = this.#due.takeAny(); run !== undefined; run = this.#due.takeAny()) run.close();
  }

  readonly #tell = (): void => {
    const runs = this.#toTell;
    this.#toTell = [];
    for (let told = 0; told < runs.length; told += 1) {
      try {
        (runs[told] as ExchangeRun).tell();
      } catch (error) {
        // The others are told all the same.
        for (const run of runs.slice(told + 1)) this.tellSoon(run);
        throw error;
      }
    }
  };
}

function failure(code: Failure['code']): Failure {
  return { kind: 'failure', code, server: undefined, attempts: [] };
}
