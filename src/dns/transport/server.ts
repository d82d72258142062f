import { formatEndpoint } from '../../net/address.ts';
import { ServerHealth } from './server-health.ts';
import type { ServerAddress } from './settings.ts';
import { type PoolContext, SocketPool } from './socket-pool.ts';
import { TcpConnection } from './tcp-connection.ts';

/** How long a server is remembered as unable to do EDNS, or to give letters back; in milliseconds. */
export const UNABLE_MS: number = 3_600_000;
/** Answers in other letters than were asked for, in a row, until the question goes over TCP. */
export const CASE_DROPS_MAX: number = 2;

/** What is known of one server, for people. */
export type ServerStats = {
  /** As people write it: `192.0.2.1:53`. */
  readonly address: string;
  /** Queries that were sent to it. */
  readonly queries: number;
  /** Smoothed, in milliseconds; -1: it has not answered yet. */
  readonly rttMs: number;
  readonly timeouts: number;
  /** Answers by their code: `NOERROR`, `SERVFAIL`, … */
  readonly rcodes: Readonly<Record<string, number>>;
  readonly failing: boolean;
};

const RCODES: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
];

/** The name of a response code, as people write it. */
export function rcodeText(rcode: number): string {
  return RCODES[rcode] ?? (rcode === 16 ? 'BADVERS' : `RCODE${rcode}`);
}

/** A name server: its sockets, how well it does, and what it was found unable to do. */
export class Server {
  readonly address: ServerAddress;
  readonly text: string;
  readonly health: ServerHealth = new ServerHealth();
  readonly pool: SocketPool;
  /** Attempts under way. */
  inFlight = 0;
  queries = 0;
  timeouts = 0;
  /** Answers by their code; an extended one has 12 bits. */
  readonly rcodes: number[] = [0, 0, 0, 0, 0, 0];
  /** A copy of a question is on its way to learn whether it is there again. */
  probing = false;
  /** It answered what looks as if it knew no OPT: the next query goes without. */
  doubtsOpt = false;
  plainUntilMs = 0;
  /** Answers over UDP in a row whose letters were not those of the question. */
  caseDrops = 0;
  smallUntilMs = 0;
  readonly #context: PoolContext;
  #tcp: TcpConnection | undefined;

  constructor(context: PoolContext, address: ServerAddress) {
    this.#context = context;
    this.address = address;
    this.text = formatEndpoint(address.endpoint);
    this.pool = new SocketPool(context, address.endpoint);
  }

  get tcp(): TcpConnection {
    const { port, random, drops } = this.#context;
    this.#tcp ??= new TcpConnection({
      port,
      random,
      server: this.address.endpoint,
      onStray: (reason) => {
        if (reason === 'short') drops.short += 1;
        else drops.late += 1;
      },
    });
    return this.#tcp;
  }

  /** Sockets that are open, being opened or being closed. */
  get sockets(): number {
    return this.pool.size + (this.#tcp?.links ?? 0);
  }

  usesOpt(nowMs: number): boolean {
    return this.#context.settings.ednsSize > 0 && !this.doubtsOpt && nowMs >= this.plainUntilMs;
  }

  usesCase(nowMs: number): boolean {
    const { case0x20 } = this.#context.settings;
    return case0x20 === 'on' || (case0x20 === 'auto' && nowMs >= this.smallUntilMs);
  }

  count(rcode: number): void {
    this.rcodes[rcode] = (this.rcodes[rcode] ?? 0) + 1;
  }

  /** It answered without OPT, and not with. */
  plainWorked(nowMs: number): void {
    this.plainUntilMs = nowMs + UNABLE_MS;
  }

  /** It takes no new question; those that are under way go on. */
  retire(): void {
    this.pool.retireAll();
  }

  /** Ends everything, soon. */
  close(): void {
    this.pool.retireAll();
    this.#tcp?.close(() => this.#context.socketGone());
  }

  get stats(): ServerStats {
    const rcodes: Record<string, number> = {};
    for (const [rcode, count] of this.rcodes.entries()) {
      if (count > 0) rcodes[rcodeText(rcode)] = count;
    }
    const { queries, timeouts, health, text } = this;
    const failing = health.failures > 0;
    return { address: text, queries, rttMs: health.rttMs, timeouts, rcodes, failing };
  }
}
