import type { Fault } from '../../src/core/fault.ts';
import { InvariantError } from '../../src/core/invariant-error.ts';
import type { Operation } from '../../src/core/operation.ts';
import { RingPool } from './byte-ring.ts';
import { CALM, type Conditions } from './conditions.ts';
import { EventQueue } from './event-queue.ts';
import type { PacketName } from './link.ts';
import { type NthPlan, NthPlans } from './nth-plans.ts';
import { SegmentPool } from './segment.ts';
import { type HostWorld, SimHost } from './sim-host.ts';
import { SimRandom } from './sim-random.ts';
import { Trace } from './trace.ts';

/** How a world begins. */
export type WorldOptions = Partial<Conditions> & {
  readonly seed: number | string;
  /** What becomes of an error that a callback threw; without it, the run throws it. */
  readonly onUncaught?: (error: unknown) => void;
  /** Events of one `run`, `advance` or `drive`, at most: more means a program that spins. */
  readonly eventsMax?: number;
};

const EVENTS_MAX = 20_000_000;
/** How often `drive` looks again, without an event, before it gives up. */
const IDLE_CHECKS_MAX = 8;

/**
 * A network in memory with a virtual clock. Nothing happens by itself: `run`, `advance` and
 * `drive` let events happen, one after the other. The same seed and program give the same trace.
 */
export class SimWorld implements HostWorld {
  readonly seed: number | string;
  readonly conditions: Conditions;
  readonly events: EventQueue = new EventQueue();
  readonly trace: Trace = new Trace();
  readonly random: SimRandom;
  readonly rings: RingPool = new RingPool();
  readonly segments: SegmentPool = new SegmentPool();
  /** The host that is always there, with the loopback addresses alone. */
  readonly local: SimHost;
  readonly #hosts: SimHost[] = [];
  readonly #byAddress = new Map<string, SimHost>();
  readonly losses: NthPlans<true> = new NthPlans();
  readonly #eventsMax: number;
  readonly #faults = new NthPlans<Fault>();
  readonly #onUncaught: ((error: unknown) => void) | undefined;
  readonly #thrown: unknown[] = [];
  #running = false;
  #eventsInRun = 0;

  constructor(options: WorldOptions) {
    const { seed, onUncaught, eventsMax = EVENTS_MAX, ...conditions } = options;
    this.seed = seed;
    this.#eventsMax = eventsMax;
    this.conditions = { ...CALM, ...conditions };
    this.random = new SimRandom(seed);
    this.#onUncaught = onUncaught;
    this.local = this.host('local');
  }

  // What there is.

  /** A host with these addresses, besides the loopback ones that every host has for itself. */
  host(name: string, ...addresses: string[]): SimHost {
    for (const address of addresses) {
      if (this.#byAddress.has(address)) throw new InvariantError(`${address} is taken`);
    }
    const host = new SimHost(this, name, this.#hosts.length, addresses);
    this.#hosts.push(host);
    for (const address of addresses) this.#byAddress.set(address, host);
    return host;
  }

  hostAt(address: string): SimHost | undefined {
    return this.#byAddress.get(address);
  }

  nowMs(): number {
    return this.events.nowMs;
  }

  /** 16 hexadecimal digits over everything that happened. */
  get traceHash(): string {
    return this.trace.hash;
  }

  // Trouble on demand.

  /** Nothing passes between the two hosts any more, what is on its way included. */
  partition(a: SimHost, b: SimHost): void {
    this.#cut(a, b, true);
  }

  heal(a: SimHost, b: SimHost): void {
    this.#cut(a, b, false);
  }

  /** The `nth` operation of this kind from now on, on any port, ends as `failed` with `fault`. */
  failNth(kind: Operation['kind'] | 'any', nth: number, fault: Fault): Readonly<NthPlan> {
    return this.#faults.add(kind, nth, fault);
  }

  faultFor(kind: string): Fault | undefined {
    return this.#faults.take(kind);
  }

  /** The `nth` packet of this kind from now on, on any link, is lost. */
  lose(name: PacketName | 'any', nth: number = 1): Readonly<NthPlan> {
    return this.losses.add(name, nth, true);
  }

  #cut(a: SimHost, b: SimHost, cut: boolean): void {
    a.linkTo(b).cut = cut;
    b.linkTo(a).cut = cut;
    this.trace.note(cut ? 'partition' : 'heal', this.nowMs(), a.index, b.index, 0);
  }

  // Letting things happen.

  /** Goes on until nothing is left to happen but background events. Deadlines do happen. */
  run(): void {
    this.#guard(() => {
      while (this.events.busy) this.#step(Number.POSITIVE_INFINITY);
    });
  }

  /** Lets the next event happen. `false`: none is left but background events. */
  step(): boolean {
    return this.#guard(() => this.events.busy && this.#step(Number.POSITIVE_INFINITY));
  }

  /**
   * The same for programs made of promises: time passes, or `false` is the answer, only after
   * every promise had its turn.
   */
  async next(): Promise<boolean> {
    const moved = this.events.busy && this.#guard(() => this.#step(this.nowMs()));
    if (moved) return true;
    await macrotask();
    return this.step();
  }

  /** Lets `ms` pass, and everything that falls due on the way, each at its own moment. */
  advance(ms: number): void {
    const endMs = this.nowMs() + ms;
    this.#guard(() => {
      while (this.#step(endMs));
      this.events.nowMs = endMs;
    });
  }

  /** Goes on until `predicate` holds; `false`: `maxMs` passed, or nothing is left to happen. */
  runUntil(predicate: () => boolean, maxMs: number): boolean {
    const endMs = this.nowMs() + maxMs;
    return this.#guard(() => {
      while (!predicate()) {
        if (!this.events.busy || !this.#step(endMs)) return predicate();
      }
      return true;
    });
  }

  /**
   * Goes on until `promise` is settled, and gives what it gives. All promises get to run after
   * every event; time passes only when nothing is left for this moment.
   */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    let idle = 0;
    for (let events = 0; events < this.#eventsMax; events += 1) {
      await macrotask();
      if (settled) return promise;
      idle = this.step() ? 0 : idle + 1;
      if (idle > IDLE_CHECKS_MAX) {
        throw new Error(
          `idle at ${this.nowMs()} ms, but the promise is pending; seed ${this.seed}`,
        );
      }
    }
    throw this.#tooMany();
  }

  uncaught(error: unknown): void {
    if (this.#onUncaught === undefined) this.#thrown.push(error);
    else this.#onUncaught(error);
  }

  /** `false`: nothing is due by `endMs`. */
  #step(endMs: number): boolean {
    const event = this.events.take(endMs);
    if (event === undefined) return false;
    event.fire();
    this.#eventsInRun += 1;
    if (this.#eventsInRun > this.#eventsMax) throw this.#tooMany();
    if (this.#thrown.length > 0) throw this.#thrown.shift();
    return true;
  }

  #tooMany(): InvariantError {
    return new InvariantError(`over ${this.#eventsMax} events in one run; seed ${this.seed}`);
  }

  #guard<T>(work: () => T): T {
    if (this.#running) throw new InvariantError('the world is running already');
    this.#running = true;
    this.#eventsInRun = 0;
    try {
      return work();
    } finally {
      this.#running = false;
    }
  }
}

/** After every promise reaction that is due. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
