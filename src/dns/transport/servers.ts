import { Server } from './server.ts';
import { SERVER_IN_FLIGHT_MAX, SERVERS_MAX, type ServerAddress } from './settings.ts';
import type { PoolContext } from './socket-pool.ts';

/** How far one question has come: whom it has asked in this round. */
export type Course = {
  /** A bit for each server, by its place. */
  asked: number;
  /** From 1. */
  round: number;
  /** Of which list of servers that holds. */
  era: number;
  /** The only one to ask, once. */
  readonly pinned: Server | undefined;
};

/** Every server that may still be asked has as many questions as it may have. */
export const BUSY = 'busy';

/** Who can be asked, and in which order. May be changed at any time. */
export class Servers {
  readonly #context: PoolContext;
  #list: Server[] = [];
  /** Not in the list any more; they have sockets left. */
  readonly #former = new Set<Server>();
  #era = 0;

  constructor(context: PoolContext, addresses: readonly ServerAddress[]) {
    this.#context = context;
    this.set(addresses);
  }

  get list(): readonly Server[] {
    return this.#list;
  }

  get sockets(): number {
    let sockets = 0;
    for (const server of this.#list) sockets += server.sockets;
    for (const server of this.#former) sockets += server.sockets;
    return sockets;
  }

  /** Servers that stay keep what is known of them; what was asked of others is still waited for. */
  set(addresses: readonly ServerAddress[]): void {
    if (addresses.length > SERVERS_MAX) throw new RangeError(`over ${SERVERS_MAX} name servers`);
    this.#forget();
    const known = new Map<string, Server>();
    for (const server of [...this.#list, ...this.#former]) known.set(keyOf(server.address), server);
    const list = new Map<string, Server>();
    for (const address of addresses) {
      const key = keyOf(address);
      const server = list.get(key) ?? known.get(key) ?? new Server(this.#context, address);
      list.set(key, server);
      this.#former.delete(server);
    }
    for (const server of this.#list) {
      if (list.has(keyOf(server.address))) continue;
      this.#former.add(server);
      server.retire();
    }
    this.#list = [...list.values()];
    this.#era += 1;
  }

  /**
   * Whom to ask next: of those that were not asked in this round, who does not rest after a
   * failure, failed least, and answers fastest; in the given order where nothing is known. A new
   * round begins when all were asked; `undefined`: all rounds are over.
   */
  next(course: Course, nowMs: number): Server | typeof BUSY | undefined {
    if (course.pinned !== undefined) {
      const isFirst = course.asked === 0;
      course.asked = 1;
      return isFirst ? course.pinned : undefined;
    }
    if (course.era !== this.#era) {
      course.era = this.#era;
      course.asked = 0;
    }
    const list = this.#list;
    if (list.length === 0) return undefined;
    if (course.asked === allOf(list.length)) {
      if (course.round >= this.#context.settings.rounds) return undefined;
      course.round += 1;
      course.asked = 0;
    }
    let best = -1;
    for (let index = 0; index < list.length; index += 1) {
      if ((course.asked & (1 << index)) !== 0) continue;
      const server = list[index] as Server;
      if (server.inFlight >= SERVER_IN_FLIGHT_MAX) continue;
      if (best < 0 || isBetter(server, list[best] as Server, nowMs)) best = index;
    }
    if (best < 0) return BUSY;
    course.asked |= 1 << best;
    return list[best];
  }

  /** One that failed, has rested, and is not being asked: worth a copy of a question. */
  toProbe(asked: Server, nowMs: number): Server | undefined {
    for (const server of this.#list) {
      const { health, probing, inFlight } = server;
      if (health.failures === 0 || probing || server === asked) continue;
      if (nowMs >= health.backOffUntilMs && inFlight < SERVER_IN_FLIGHT_MAX) return server;
    }
    return undefined;
  }

  /** Retires sockets that are too old. The next moment to look again; `Infinity`: never. */
  sweep(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const server of this.#list) nextMs = Math.min(nextMs, server.pool.sweep(nowMs));
    this.#forget();
    return nextMs;
  }

  /** Those that are not in the list, and have nothing left. */
  #forget(): void {
    for (const server of this.#former) {
      if (server.inFlight === 0 && server.sockets === 0) this.#former.delete(server);
    }
  }

  close(): void {
    for (const server of this.#list) server.close();
    for (const server of this.#former) server.close();
  }
}

function isBetter(a: Server, b: Server, nowMs: number): boolean {
  const resting = a.health.backOffUntilMs > nowMs;
  if (resting !== b.health.backOffUntilMs > nowMs) return !resting;
  if (a.health.failures !== b.health.failures) return a.health.failures < b.health.failures;
  return a.health.rttMs >= 0 && (b.health.rttMs < 0 || a.health.rttMs < b.health.rttMs);
}

/** As many ones, as the 32-bit number that `|=` makes. */
function allOf(count: number): number {
  return count === 32 ? -1 : (1 << count) - 1;
}

function keyOf({ endpoint, transport }: ServerAddress): string {
  return `${transport} ${endpoint.family} ${endpoint.address} ${endpoint.port}`;
}
