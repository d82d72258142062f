import { CALM, isCalm } from './conditions.ts';
import type { SimEvent } from './event-queue.ts';
import type { Network, Receiver } from './network.ts';
import type { SimRandom } from './sim-random.ts';

/** How long a packet is held back so that others overtake it: this many times the longest delay. */
const HOLD_FACTOR = 2;
/** And at least this long, in milliseconds, where there is no delay. */
const HOLD_MS_MIN = 1;

/** Kinds of packets, as traces and tests call them. */
export type PacketName =
  | 'SYN'
  | 'SYN-ACK'
  | 'ACK'
  | 'data'
  | 'FIN'
  | 'RST'
  | 'datagram'
  | 'unreachable';

/** A segment or a datagram. It belongs to the link from `send` on. */
export interface Packet extends SimEvent {
  readonly name: PacketName;
  link: Link | undefined;
  /** Is this a segment that its sender would miss? Only such a one becomes a RST. */
  readonly resettable: boolean;
  deliver(to: Receiver): void;
  duplicate(): Packet;
  /** Becomes a RST; the sender hears of it when it retransmits. */
  becomeReset(): void;
  /** Back to its pool. */
  release(): void;
}

/** One direction between two hosts, or within one. Each kind of chance has its own source. */
export class Link {
  readonly to: Receiver;
  /** Packets that were sent and have neither arrived nor been lost. */
  inFlight = 0;
  /** A partition: nothing passes, what is on its way included. */
  cut = false;
  readonly #network: Network;
  readonly #toIndex: number;
  /** UNIX sockets have no network in between: nothing ever goes wrong. */
  readonly #perfect: boolean;
  readonly #loss: SimRandom;
  readonly #latency: SimRandom;
  readonly #duplication: SimRandom;
  readonly #reorder: SimRandom;
  readonly #resets: SimRandom;
  #lastMs = 0;

  constructor(network: Network, to: Receiver, toIndex: number, label: string, perfect: boolean) {
    this.#network = network;
    this.to = to;
    this.#toIndex = toIndex;
    this.#perfect = perfect;
    this.#loss = network.random.fork(`${label}/loss`);
    this.#latency = network.random.fork(`${label}/latency`);
    this.#duplication = network.random.fork(`${label}/duplication`);
    this.#reorder = network.random.fork(`${label}/reorder`);
    this.#resets = network.random.fork(`${label}/resets`);
  }

  /** May bytes be handed over without a segment? Only where nobody could tell the difference. */
  get direct(): boolean {
    if (this.cut || this.inFlight > 0 || this.#network.losses.pending) return false;
    return this.#perfect || isCalm(this.#network.conditions);
  }

  send(packet: Packet): void {
    const conditions = this.#perfect ? CALM : this.#network.conditions;
    const planned = this.#network.losses.take(packet.name) !== undefined;
    if (this.cut || planned || this.#loss.chance(conditions.loss)) {
      this.#drop(packet);
      return;
    }
    if (packet.resettable && this.#resets.chance(conditions.resets)) packet.becomeReset();
    if (this.#duplication.chance(conditions.duplication)) this.#schedule(packet.duplicate());
    this.#schedule(packet);
  }

  /** Called by the packet, when its moment has come. */
  arrive(packet: Packet): void {
    this.inFlight -= 1;
    if (this.cut) {
      this.#drop(packet);
      return;
    }
    packet.deliver(this.to);
    packet.release();
  }

  #schedule(packet: Packet): void {
    const conditions = this.#perfect ? CALM : this.#network.conditions;
    const { latencyMinMs, latencyMaxMs } = conditions;
    const { events } = this.#network;
    let atMs = events.nowMs + this.#latency.between(latencyMinMs, latencyMaxMs);
    if (this.#reorder.chance(conditions.reorder)) {
      const holdMs = Math.max(HOLD_MS_MIN, latencyMaxMs * HOLD_FACTOR);
      atMs += this.#reorder.between(0, holdMs);
    } else {
      atMs = Math.max(atMs, this.#lastMs);
      this.#lastMs = atMs;
    }
    packet.link = this;
    this.inFlight += 1;
    events.schedule(packet, atMs);
  }

  #drop(packet: Packet): void {
    const { trace, events } = this.#network;
    trace.note('lost', events.nowMs, this.#toIndex, 0, 0);
    packet.release();
  }
}
