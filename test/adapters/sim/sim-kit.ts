import {
  injectReset,
  type SimHost,
  SimProactor,
  SimWorld,
  type WorldOptions,
} from '../../../adapters/sim/index.ts';
import type { TcpBlock, TcpState } from '../../../adapters/sim/tcp-block.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { FaultCode } from '../../../src/core/fault.ts';
import type * as core from '../../../src/core/operation.ts';
import * as make from '../../../src/core/operations.ts';

const ignore = (): void => {};

export const SERVER_ADDRESS = '192.0.2.1';
export const CLIENT_ADDRESS = '192.0.2.2';

/** Two hosts with a port each, and what tests do with them. All of it is synchronous. */
export class Lab {
  readonly world: SimWorld;
  readonly serverHost: SimHost;
  readonly clientHost: SimHost;
  readonly server: SimProactor;
  readonly client: SimProactor;

  constructor(options: Partial<WorldOptions> = {}) {
    this.world = new SimWorld({ seed: 1, ...options });
    this.serverHost = this.world.host('server', SERVER_ADDRESS);
    this.clientHost = this.world.host('client', CLIENT_ADDRESS);
    this.server = new SimProactor(this.serverHost);
    this.client = new SimProactor(this.clientHost);
  }

  listen(own: Partial<core.ListenOperation> = {}): core.ListenOperation {
    const listen = make.listenOperation(ipv4(SERVER_ADDRESS), ignore);
    return started(this.server, Object.assign(listen, own));
  }

  accept(listener: core.SocketId): core.AcceptOperation {
    return started(this.server, make.acceptOperation(listener, ignore));
  }

  connect(endpoint: Endpoint, own: Partial<core.ConnectOperation> = {}): core.ConnectOperation {
    return started(this.client, Object.assign(make.connectOperation(endpoint, ignore), own));
  }

  /** A connection, established and accepted; no time has passed but the network's. */
  pair(own: Partial<core.ListenOperation> = {}): Pair {
    const listen = this.listen(own);
    this.world.advance(0);
    const accept = this.accept(listen.socket);
    const connect = this.connect(listen.bound as Endpoint);
    this.world.runUntil(() => accept.status === 'done' && connect.status === 'done', 600_000);
    if (accept.status !== 'done' || connect.status !== 'done') throw new Error('no connection');
    return new Pair(this, listen, new End(this.server, accept.accepted), connect.socket);
  }

  /** Lets everything happen that time is not needed for. */
  settle(): void {
    this.world.advance(0);
  }
}

/** One end of a connection. */
export class End {
  readonly port: SimProactor;
  readonly socket: core.SocketId;

  constructor(port: SimProactor, socket: core.SocketId) {
    this.port = port;
    this.socket = socket;
  }

  /** The connection in the network; gone from the port once the socket is closed. */
  get block(): TcpBlock {
    return this.port.port.sockets.get(this.socket)?.transport as TcpBlock;
  }

  get state(): TcpState {
    return this.block.state;
  }

  send(...pieces: (Uint8Array | string)[]): core.SendOperation {
    const send = make.sendOperation(this.socket, ignore);
    send.pieces = pieces;
    send.count = pieces.length;
    return started(this.port, send);
  }

  /** The text of a lent view has to be taken while it lasts. */
  recv(): { readonly operation: core.RecvOperation; text: string } {
    const heard = {
      text: '',
      operation: make.recvOperation(this.socket, ({ data, offset, bytes }) => {
        heard.text = Buffer.from(data.subarray(offset, offset + bytes)).toString('latin1');
      }),
    };
    started(this.port, heard.operation);
    return heard;
  }

  shutdown(): core.ShutdownOperation {
    return started(this.port, make.shutdownOperation(this.socket, ignore));
  }

  close(
    how: core.CloseOperation['how'] = 'graceful',
    own: Partial<core.CloseOperation> = {},
  ): core.CloseOperation {
    const close = Object.assign(make.closeOperation(this.socket, ignore), { how }, own);
    return started(this.port, close);
  }

  /** Both ends see a RST now. */
  reset(): void {
    injectReset(this.port, this.socket);
  }
}

export class Pair {
  readonly lab: Lab;
  readonly listen: core.ListenOperation;
  readonly server: End;
  readonly client: End;

  constructor(lab: Lab, listen: core.ListenOperation, server: End, client: core.SocketId) {
    this.lab = lab;
    this.listen = listen;
    this.server = server;
    this.client = new End(lab.client, client);
  }
}

export function ipv4(address: string, port: number = 0): Endpoint {
  return { family: 'ipv4', address, port };
}

export function started<Kind extends core.Operation>(port: SimProactor, operation: Kind): Kind {
  port.submit(operation);
  return operation;
}

/** Status and fault as one word: `failed reset`. */
export function endOf({ status, fault }: core.Operation): string {
  const code: FaultCode | undefined = fault?.code;
  return code === undefined ? status : `${status} ${code}`;
}
