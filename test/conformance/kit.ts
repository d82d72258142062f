import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { FaultCode } from '../../src/core/fault.ts';
import type * as core from '../../src/core/operation.ts';
import * as make from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import type { Site } from './fixture.ts';
import { WatchedPort } from './watched-port.ts';

/** Two ends of a connection, and the listener between them. */
export type Pair = {
  readonly listener: core.SocketId;
  readonly bound: Endpoint;
  readonly client: core.SocketId;
  readonly server: core.SocketId;
};

/** What a byte stream gave until it ended, and how it ended. */
export type Collected = { readonly bytes: Buffer; readonly last: core.RecvOperation };

type Own<Kind> = Partial<Omit<Kind, 'kind' | 'socket'>>;
type Family = 'ipv4' | 'ipv6';

const ignore = (): void => {};

/**
 * What rules are written with. Each verb submits an operation and returns it, so that a rule can
 * go on while it is pending; `ends` waits for it. The port is watched: see `WatchedPort`.
 */
export class Kit {
  readonly site: Site<ProactorPort>;
  readonly port: WatchedPort;
  readonly #others: Kit[] = [];
  /** How many errors from callbacks the rule provokes on purpose. */
  expectedUncaught = 0;

  constructor(site: Site<ProactorPort>, port: WatchedPort = new WatchedPort(site.port)) {
    this.site = site;
    this.port = port;
  }

  /** The same verbs on a second port of the same process. */
  beside(port: ProactorPort = this.site.another()): Kit {
    const other = new Kit(this.site, new WatchedPort(port));
    this.#others.push(other);
    return other;
  }

  /** This kit and those beside it. */
  get all(): readonly Kit[] {
    return [this, ...this.#others];
  }

  nowMs(): number {
    return this.port.loop.nowMs();
  }

  /** Lets things happen until `holds`; fails the rule when that takes too long. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const endMs = this.nowMs() + this.site.patienceMs;
    while (!holds()) {
      const more = await this.site.step();
      if (holds()) return;
      if (!more) assert.fail(`nothing is left to happen, but ${what} is awaited`);
      if (this.nowMs() > endMs) assert.fail(`waited in vain for ${what}`);
    }
  }

  async elapse(ms: number): Promise<void> {
    await this.site.elapse(ms);
  }

  /** Gives what must not happen the time to happen. */
  async settle(): Promise<void> {
    await this.site.elapse(this.site.settleMs);
  }

  async ended<Kind extends core.Operation>(operation: Kind): Promise<Kind> {
    await this.until(() => operation.status !== 'pending', `the end of ${operation.kind}`);
    return operation;
  }

  /** Waits for the end of `operation`, which must be one of `outcomes`. */
  async ends<Kind extends core.Operation>(
    operation: Kind,
    ...outcomes: core.Outcome[]
  ): Promise<Kind> {
    await this.ended(operation);
    const { kind, status, fault } = operation;
    const why = fault === undefined ? '' : ` (${fault.code}, ${fault.native.code})`;
    assert.ok(
      outcomes.includes(status as core.Outcome),
      `${kind} ended as ${status}${why}, not as ${outcomes.join(' or ')}`,
    );
    return operation;
  }

  /** Waits until `operation` has failed with one of `codes`. */
  async fails<Kind extends core.Operation>(operation: Kind, ...codes: FaultCode[]): Promise<Kind> {
    await this.ends(operation, 'failed');
    const code = operation.fault?.code as FaultCode;
    const native = operation.fault?.native.code;
    assert.ok(codes.includes(code), `${operation.kind}: ${code} (${native}), not ${codes}`);
    return operation;
  }

  submit<Kind extends core.Operation>(operation: Kind): Kind {
    this.port.submit(operation);
    return operation;
  }

  cancel(operation: core.Operation): void {
    this.port.cancel(operation);
  }

  listen(own: Own<core.ListenOperation> = {}): core.ListenOperation {
    const endpoint = this.site.loopback('ipv4');
    return this.submit(Object.assign(make.listenOperation(endpoint, ignore), own));
  }

  accept(listener: core.SocketId, own: Own<core.AcceptOperation> = {}): core.AcceptOperation {
    return this.submit(Object.assign(make.acceptOperation(listener, ignore), own));
  }

  connect(endpoint: Endpoint, own: Own<core.ConnectOperation> = {}): core.ConnectOperation {
    return this.submit(Object.assign(make.connectOperation(endpoint, ignore), own));
  }

  adopt(
    descriptor: number,
    as: core.SocketKind,
    own: Own<core.AdoptOperation> = {},
  ): core.AdoptOperation {
    return this.submit(Object.assign(make.adoptOperation(descriptor, as, ignore), own));
  }

  recv(socket: core.SocketId, own: Own<core.RecvOperation> = {}): core.RecvOperation {
    return this.submit(Object.assign(make.recvOperation(socket, ignore), own));
  }

  peek(socket: core.SocketId, own: Own<core.PeekOperation> = {}): core.PeekOperation {
    return this.submit(Object.assign(make.peekOperation(socket, ignore), own));
  }

  send(
    socket: core.SocketId,
    pieces: readonly (Uint8Array | string)[],
    own: Own<core.SendOperation> = {},
  ): core.SendOperation {
    const fields = { pieces: [...pieces], count: pieces.length };
    return this.submit(Object.assign(make.sendOperation(socket, ignore), fields, own));
  }

  transmit(socket: core.SocketId, own: Own<core.TransmitOperation>): core.TransmitOperation {
    return this.submit(Object.assign(make.transmitOperation(socket, ignore), own));
  }

  splice(
    socket: core.SocketId,
    to: core.SocketId,
    own: Own<core.SpliceOperation> = {},
  ): core.SpliceOperation {
    return this.submit(Object.assign(make.spliceOperation(socket, to, ignore), own));
  }

  shutdown(socket: core.SocketId): core.ShutdownOperation {
    return this.submit(make.shutdownOperation(socket, ignore));
  }

  close(socket: core.SocketId, own: Own<core.CloseOperation> = {}): core.CloseOperation {
    return this.submit(Object.assign(make.closeOperation(socket, ignore), own));
  }

  udpOpen(own: Own<core.UdpOpenOperation> = {}): core.UdpOpenOperation {
    const local = this.site.loopback('ipv4');
    return this.submit(Object.assign(make.udpOpenOperation(local, ignore), own));
  }

  udpRecv(socket: core.SocketId, own: Own<core.UdpRecvOperation> = {}): core.UdpRecvOperation {
    return this.submit(Object.assign(make.udpRecvOperation(socket, ignore), own));
  }

  udpPeek(socket: core.SocketId, own: Own<core.UdpPeekOperation> = {}): core.UdpPeekOperation {
    return this.submit(Object.assign(make.udpPeekOperation(socket, ignore), own));
  }

  udpSend(
    socket: core.SocketId,
    data: Uint8Array | string,
    to?: Endpoint,
    own: Own<core.UdpSendOperation> = {},
  ): core.UdpSendOperation {
    const fields = { data: typeof data === 'string' ? Buffer.from(data, 'latin1') : data, to };
    return this.submit(Object.assign(make.udpSendOperation(socket, ignore), fields, own));
  }

  timer(atMs: number, own: Own<core.TimerOperation> = {}): core.TimerOperation {
    return this.submit(Object.assign(make.timerOperation(ignore), { atMs }, own));
  }

  /** What a receive or a peek showed, as latin1. */
  text(operation: core.Operation): string {
    return Buffer.from(this.port.received(operation)).toString('latin1');
  }

  /** A listener that listens. */
  async listening(own: Own<core.ListenOperation> = {}): Promise<core.ListenOperation> {
    return this.ends(this.listen(own), 'done');
  }

  /** A connection: the listener and the accepted end here, the connecting end on `from`. */
  async pair(from: Kit = this, family: Family = 'ipv4'): Promise<Pair> {
    const { socket, bound } = await this.listening({ endpoint: this.site.loopback(family) });
    return this.pairOn(socket, bound as Endpoint, from);
  }

  /** One more connection through a listener. */
  async pairOn(listener: core.SocketId, bound: Endpoint, from: Kit = this): Promise<Pair> {
    const accept = this.accept(listener);
    const connect = await from.ends(from.connect(bound), 'done');
    await this.ends(accept, 'done');
    return { listener, bound, client: connect.socket, server: accept.accepted };
  }

  /** Sends `text` and waits until the kernel has it. */
  async say(socket: core.SocketId, text: string): Promise<void> {
    await this.ends(this.send(socket, [text]), 'done');
  }

  /** Receives until `bytes` have come. */
  async hear(socket: core.SocketId, bytes: number): Promise<string> {
    const parts: string[] = [];
    const recv = make.recvOperation(socket, ignore);
    for (let heard = 0; heard < bytes; heard += recv.bytes) {
      await this.ends(this.submit(recv), 'done');
      parts.push(this.text(recv));
    }
    return parts.join('');
  }

  /** Receives until the stream ends, however it ends. */
  async drain(socket: core.SocketId): Promise<Collected> {
    const parts: Uint8Array[] = [];
    const recv = make.recvOperation(socket, ignore);
    do {
      await this.ended(this.submit(recv));
      parts.push(this.port.received(recv));
    } while (recv.status === 'done');
    return { bytes: Buffer.concat(parts), last: recv };
  }

  /** Both directions carry bytes: the connection is a good one. */
  async talks(pair: Pair, from: Kit = this): Promise<void> {
    await from.say(pair.client, 'ping');
    assert.equal(await this.hear(pair.server, 4), 'ping');
    await this.say(pair.server, 'pong');
    assert.equal(await from.hear(pair.client, 4), 'pong');
  }
}
