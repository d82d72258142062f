import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Fault } from '../../src/core/fault.ts';
import { Bindings } from './bindings.ts';
import { DATAGRAM_BYTES_MAX, Datagram } from './datagram.ts';
import { destinationOf, HostAddresses, isLoopback, isWildcard } from './host-addresses.ts';
import { Link } from './link.ts';
import type { Network, Receiver } from './network.ts';
import { PortSpace } from './port-space.ts';
import { ACK, RST, type Segment, SYN } from './segment.ts';
import { simFault } from './sim-faults.ts';
import type { SimRandom } from './sim-random.ts';
import type { TcpBlock, TcpEnds, TcpHost } from './tcp-block.ts';
import { openActive } from './tcp-calls.ts';
import { arrive } from './tcp-input.ts';
import { closeBlock } from './tcp-output.ts';
import type { UdpSocket } from './udp-socket.ts';

/** The world, as its hosts and ports see it. */
export interface HostWorld extends Network {
  /** The host that has this address, which is not a loopback address. */
  hostAt(address: string): SimHost | undefined;
  /** Is the operation of this kind that starts now one that has to fail, and how? */
  faultFor(kind: string): Fault | undefined;
  /** A callback of a port threw. */
  uncaught(error: unknown): void;
}

const DESCRIPTORS_MAX = 65_536;
const NO_BYTES = new Uint8Array(0);

/** One machine of the world: its connections, and the packets that come to it. */
export class SimHost implements TcpHost, Receiver {
  readonly name: string;
  readonly index: number;
  readonly network: HostWorld;
  readonly addresses: HostAddresses;
  readonly bindings: Bindings;
  /** Sockets that may be open at a time; the next one fails with `fileDescriptors`. */
  maxDescriptors: number = DESCRIPTORS_MAX;
  descriptors = 0;
  readonly #sequences: SimRandom;
  readonly #ports = new PortSpace();
  readonly #links = new Map<SimHost, Link>();
  readonly #unixLink: Link;
  readonly #connections = new Map<string, TcpBlock>();
  #unixSerial = 0;

  constructor(network: HostWorld, name: string, index: number, addresses: readonly string[]) {
    this.network = network;
    this.name = name;
    this.index = index;
    this.addresses = new HostAddresses(addresses);
    this.bindings = new Bindings(this, this.addresses, this.#ports);
    this.#sequences = network.random.fork(`${name}/sequence numbers`);
    this.#unixLink = new Link(network, this, index, `${name}/unix`, true);
  }

  /** The way to `other`, which may be this host. */
  linkTo(other: SimHost): Link {
    const known = this.#links.get(other);
    if (known !== undefined) return known;
    const label = `${this.name}>${other.name}`;
    const link = new Link(this.network, other, other.index, label, false);
    this.#links.set(other, link);
    return link;
  }

  connect(remote: Endpoint, local: Endpoint | undefined): TcpBlock | Fault {
    const ends =
      remote.family === 'unix' ? this.#unixEnds(remote) : this.#ends(destinationOf(remote), local);
    if ('code' in ends) return ends;
    const block = openActive(this, ends, this.#sequenceNumber());
    this.#connections.set(ends.key, block);
    return block;
  }

  connection(key: string): TcpBlock | undefined {
    return this.#connections.get(key);
  }

  forget(block: TcpBlock): void {
    if (this.#connections.get(block.key) === block) this.#connections.delete(block.key);
  }

  /** Connections that are not closed, TIME-WAIT included. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  segmentArrived(segment: Segment): void {
    const { key, flags } = segment;
    const block = this.#connections.get(key);
    const opening = (flags & (SYN | ACK | RST)) === SYN;
    if (block !== undefined) {
      // A new connection may follow at once where the numbers cannot be confused (RFC 6191).
      if (!(opening && block.state === 'timeWait' && segment.seq > block.rcvNxt)) {
        arrive(block, segment);
        return;
      }
      closeBlock(block, undefined);
    }
    const listener = opening ? this.bindings.listenerAt(segment.to, segment.from) : undefined;
    if (listener === undefined) {
      if (!(flags & RST)) this.#refuse(segment);
      return;
    }
    const link = this.#wayTo(segment.from);
    if (link === undefined) return;
    const ends = { local: segment.to, remote: segment.from, key, peerKey: segment.replyKey, link };
    const opened = listener.synArrived(segment, ends, this.#sequenceNumber());
    if (opened !== undefined) this.#connections.set(key, opened);
  }

  datagramArrived(datagram: Datagram): void {
    const { trace, events } = this.network;
    const socket = this.bindings.udpAt(datagram.to);
    const heard = socket?.hears(datagram.from) ?? false;
    if (datagram.unreachable) {
      trace.note('unreachable', events.nowMs, this.index, datagram.to.port, 0);
      if (heard) socket?.unreachable();
    } else if (socket === undefined || !heard) {
      this.#send(new Datagram(datagram.to, datagram.from, NO_BYTES, true));
    } else if (!socket.arrived(datagram)) {
      trace.note('queue-full', events.nowMs, this.index, datagram.to.port, socket.dropped);
    }
  }

  /** Sends a copy of `data`. A fault: it was not sent. */
  sendDatagram(socket: UdpSocket, data: Uint8Array, to: Endpoint): Fault | undefined {
    if (data.length > DATAGRAM_BYTES_MAX) return simFault('messageTooLarge');
    const { local } = socket;
    if (to.family !== local.family) return simFault('badArgument');
    const remote = destinationOf(to);
    const address = isWildcard(local.address) ? this.addresses.sourceFor(remote) : local.address;
    if (address === undefined || remote.port === 0) return simFault('badArgument');
    const from = address === local.address ? local : { ...local, address };
    const { trace, events } = this.network;
    trace.note('datagram', events.nowMs, this.index, remote.port, data.length);
    return this.#send(new Datagram(from, remote, data.slice(), false))
      ? undefined
      : simFault('unreachable');
  }

  #send(datagram: Datagram): boolean {
    const link = this.#wayTo(datagram.to);
    link?.send(datagram);
    return link !== undefined;
  }

  /** Nobody is there: RST (RFC 9293 §3.5.2). */
  #refuse(segment: Segment): void {
    const reply = this.network.segments.take();
    reply.from = segment.to;
    reply.to = segment.from;
    reply.key = segment.replyKey;
    reply.replyKey = segment.key;
    reply.flags = segment.flags & ACK ? RST : RST | ACK;
    reply.seq = segment.flags & ACK ? segment.ack : 0;
    reply.ack = segment.flags & ACK ? 0 : segment.seq + segment.span;
    reply.window = 0;
    this.network.trace.note('refuse', this.network.events.nowMs, this.index, segment.to.port, 0);
    const link = this.#wayTo(segment.from);
    if (link === undefined) reply.release();
    else link.send(reply);
  }

  /** Below 2^30, so that the numbers of a first gigabyte are small integers. */
  #sequenceNumber(): number {
    return this.#sequences.nextUint32() >>> 2;
  }

  #unixEnds(remote: Endpoint): TcpEnds | Fault {
    if (!this.bindings.hasPath(remote.address)) return simFault('refused');
    this.#unixSerial += 1;
    const key = `unix ${this.#unixSerial}`;
    const local: Endpoint = { family: 'unix', address: '', port: 0 };
    return { local, remote, key: `${key} client`, peerKey: `${key} server`, link: this.#unixLink };
  }

  #ends(remote: Endpoint, from: Endpoint | undefined): TcpEnds | Fault {
    const wanted = from !== undefined && !isWildcard(from.address) ? from.address : undefined;
    if (from !== undefined && from.family !== remote.family) return simFault('badArgument');
    if ((remote.family === 'ipv6') !== remote.address.includes(':')) return simFault('badArgument');
    if (wanted !== undefined && !this.addresses.owns(wanted))
      return simFault('addressNotAvailable');
    const link = this.#wayTo(remote);
    const address = wanted ?? this.addresses.sourceFor(remote);
    if (link === undefined || address === undefined) return simFault('unreachable');
    const port = this.#choosePort(address, from?.port ?? 0, remote);
    if (port === undefined) return simFault('addressInUse');
    const local = { family: remote.family, address, port };
    return { local, remote, key: keyOf(local, remote), peerKey: keyOf(remote, local), link };
  }

  #choosePort(address: string, wanted: number, remote: Endpoint): number | undefined {
    const isFree = (port: number): boolean => {
      if (this.bindings.listensAt(address, port)) return false;
      return !this.#connections.has(keyOf({ family: remote.family, address, port }, remote));
    };
    if (wanted === 0) return this.#ports.choose(isFree);
    return isFree(wanted) ? wanted : undefined;
  }

  #wayTo(remote: Endpoint): Link | undefined {
    if (remote.family === 'unix') return this.#unixLink;
    const host = isLoopback(remote.address) ? this : this.network.hostAt(remote.address);
    return host === undefined ? undefined : this.linkTo(host);
  }
}

/** Under which a host knows a connection: its own end first. */
function keyOf(near: Endpoint, far: Endpoint): string {
  return `${near.address} ${near.port} ${far.address} ${far.port}`;
}
