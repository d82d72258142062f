import type { RingPool } from './byte-ring.ts';
import type { Conditions } from './conditions.ts';
import type { Datagram } from './datagram.ts';
import type { EventQueue } from './event-queue.ts';
import type { NthPlans } from './nth-plans.ts';
import type { Segment, SegmentPool } from './segment.ts';
import type { SimRandom } from './sim-random.ts';
import type { TcpBlock } from './tcp-block.ts';
import type { Trace } from './trace.ts';

/** What the parts of one world share. */
export interface Network {
  readonly events: EventQueue;
  readonly trace: Trace;
  readonly conditions: Conditions;
  readonly random: SimRandom;
  readonly rings: RingPool;
  readonly segments: SegmentPool;
  /** Packets that are to be lost. */
  readonly losses: NthPlans<true>;
}

/** A host, as packets see it. They stay the link's: whoever keeps the contents takes them out. */
export interface Receiver {
  segmentArrived(segment: Segment): void;
  datagramArrived(datagram: Datagram): void;
  /** The connection of this key, while it is not closed. */
  connection(key: string): TcpBlock | undefined;
}

/** Who is told that a socket of the network may have become readable or writable. */
export interface Owner {
  changed(): void;
  /** A full backlog or queue has dropped something. */
  dropped(): void;
}
