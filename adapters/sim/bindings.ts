import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Fault } from '../../src/core/fault.ts';
import { addressesOverlap, type HostAddresses, isWildcard } from './host-addresses.ts';
import type { PortSpace } from './port-space.ts';
import { simFault } from './sim-faults.ts';
import type { TcpHost } from './tcp-block.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpSocket } from './udp-socket.ts';

/** What is bound to the ports and paths of one host. */
export class Bindings {
  readonly #host: TcpHost;
  readonly #addresses: HostAddresses;
  readonly #ports: PortSpace;
  /** By port, and by path for UNIX sockets. */
  readonly #listeners = new Map<number | string, TcpListener[]>();
  readonly #udp = new Map<number, UdpSocket[]>();

  constructor(host: TcpHost, addresses: HostAddresses, ports: PortSpace) {
    this.#host = host;
    this.#addresses = addresses;
    this.#ports = ports;
  }

  listen(endpoint: Endpoint, backlog: number, reusePort: boolean): TcpListener | Fault {
    const bound = this.#bind(endpoint, (port) => this.#mayListen(endpoint, port, reusePort));
    if ('code' in bound) return bound;
    const listener = new TcpListener(this.#host, bound, backlog, reusePort);
    addTo(this.#listeners, placeOf(bound), listener);
    return listener;
  }

  closeListener(listener: TcpListener): void {
    removeFrom(this.#listeners, placeOf(listener.endpoint), listener);
    listener.close();
  }

  /** The listener for a SYN; those that share a port take turns by the sender's port. */
  listenerAt(to: Endpoint, from: Endpoint): TcpListener | undefined {
    const all = this.#listeners.get(placeOf(to));
    if (all === undefined) return undefined;
    const exact = all.filter(({ endpoint }) => endpoint.address === to.address);
    const heard = exact.length > 0 ? exact : all.filter((l) => covers(l.endpoint, to));
    return heard[from.port % heard.length];
  }

  listensAt(address: string, port: number): boolean {
    return this.#listeners.get(port)?.some((l) => l.endpoint.address === address) ?? false;
  }

  hasPath(path: string): boolean {
    return this.#listeners.has(path);
  }

  openUdp(local: Endpoint, remote: Endpoint | undefined): UdpSocket | Fault {
    if (local.family === 'unix') return simFault('unsupported');
    if (remote !== undefined && remote.family !== local.family) return simFault('badArgument');
    const bound = this.#bind(local, (port) => this.#mayOpenUdp(local, port));
    if ('code' in bound) return bound;
    // A connected socket has one address of its own, from which its peer hears.
    const fromAny = remote !== undefined && isWildcard(bound.address);
    const address = fromAny ? this.#addresses.sourceFor(remote) : bound.address;
    if (address === undefined) return simFault('unreachable');
    const socket = new UdpSocket({ ...bound, address }, remote);
    addTo(this.#udp, bound.port, socket);
    return socket;
  }

  closeUdp(socket: UdpSocket): void {
    removeFrom(this.#udp, socket.local.port, socket);
    socket.owner = undefined;
  }

  /** The socket that is bound where a datagram goes, whether or not it hears the sender. */
  udpAt(to: Endpoint): UdpSocket | undefined {
    return this.#udp.get(to.port)?.find((socket) => covers(socket.local, to));
  }

  #bind(endpoint: Endpoint, isFree: (port: number) => boolean): Endpoint | Fault {
    const { family, address, port } = endpoint;
    if (family === 'unix') return isFree(0) ? endpoint : simFault('addressInUse');
    if ((family === 'ipv6') !== address.includes(':')) return simFault('badArgument');
    if (!this.#addresses.owns(address)) return simFault('addressNotAvailable');
    if (port > 0) return isFree(port) ? endpoint : simFault('addressInUse');
    const chosen = this.#ports.choose(isFree);
    return chosen === undefined ? simFault('addressInUse') : { ...endpoint, port: chosen };
  }

  #mayListen(endpoint: Endpoint, port: number, reusePort: boolean): boolean {
    const others = this.#listeners.get(endpoint.family === 'unix' ? endpoint.address : port) ?? [];
    return others.every((other) => {
      if (reusePort && other.reusePort) return true;
      return !addressesOverlap(endpoint.address, other.endpoint.address);
    });
  }

  #mayOpenUdp(local: Endpoint, port: number): boolean {
    const others = this.#udp.get(port) ?? [];
    return others.every((other) => !addressesOverlap(local.address, other.local.address));
  }
}

function placeOf(endpoint: Endpoint): number | string {
  return endpoint.family === 'unix' ? endpoint.address : endpoint.port;
}

function covers(bound: Endpoint, to: Endpoint): boolean {
  if (bound.address === to.address) return true;
  return bound.family === to.family && isWildcard(bound.address);
}

function addTo<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}

function removeFrom<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const items = map.get(key);
  const index = items?.indexOf(item) ?? -1;
  if (items === undefined || index < 0) return;
  items.splice(index, 1);
  if (items.length === 0) map.delete(key);
}
