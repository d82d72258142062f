import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Link, Packet, PacketName } from './link.ts';
import type { Receiver } from './network.ts';

/** The most bytes of one datagram: 65535 less the IP and UDP headers. */
export const DATAGRAM_BYTES_MAX = 65_507;

/** A UDP datagram, or the ICMP notice that an earlier one found no socket. Never used again. */
export class Datagram implements Packet {
  atMs = 0;
  order = 0;
  index = -1;
  background = false;
  readonly resettable = false;
  link: Link | undefined = undefined;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** A port-unreachable notice to `to`, about what it sent to `from`. */
  readonly unreachable: boolean;
  readonly data: Uint8Array;

  constructor(from: Endpoint, to: Endpoint, data: Uint8Array, unreachable: boolean) {
    this.from = from;
    this.to = to;
    this.data = data;
    this.unreachable = unreachable;
  }

  get name(): PacketName {
    return this.unreachable ? 'unreachable' : 'datagram';
  }

  fire(): void {
    this.link?.arrive(this);
  }

  deliver(to: Receiver): void {
    to.datagramArrived(this);
  }

  /** The contents never change, so both share them. */
  duplicate(): Datagram {
    return new Datagram(this.from, this.to, this.data, this.unreachable);
  }

  becomeReset(): void {}

  release(): void {
    this.link = undefined;
  }
}
