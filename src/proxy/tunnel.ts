import type { SocketId } from '../core/operation.ts';
import { closeOperation } from '../core/operations.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import type { ClientShared } from '../http/client-options.ts';
import type { ServerConnection } from '../http/server-connection.ts';
import type { SocketTaker } from '../http/server-options.ts';
import { Relay } from '../net/relay.ts';
import { ProxyError } from './proxy-error.ts';

/** Told once that both sockets of a tunnel are closed, and why it did not end by itself. */
export type TunnelOwner = { tunnelEnded(error: ProxyError | undefined): void };

/**
 * What is left of an exchange when HTTP has ended on it: the sockets of both connections are taken
 * over, one after the other, and their bytes relayed as they are.
 *
 *   begin → the server's socket → the client's socket → relay → ended
 *
 * Until the relay begins, the connections tell the exchange of their failures, and it calls `stop`.
 */
export class Tunnel implements SocketTaker {
  readonly #shared: ClientShared;
  readonly #client: ServerConnection;
  readonly #owner: TunnelOwner;
  #server: SocketId | undefined;
  #relay: Relay | undefined;
  #fromServer: Uint8Array = NONE;
  #fromClient: Uint8Array = NONE;

  /** `shared`: of the server's connection, whose read deadline ends a tunnel that is silent. */
  constructor(shared: ClientShared, client: ServerConnection, owner: TunnelOwner) {
    this.#shared = shared;
    this.#client = client;
    this.#owner = owner;
  }

  /** The client has its answer, or is about to. `taken`: the server's connection is no more. */
  begin(server: ClientConnection, taken: () => void): void {
    server.detach((socket, carried) => {
      taken();
      this.#server = socket;
      this.#fromServer = carried;
      this.#client.detach(this);
    });
  }

  /** Bytes that came from the client, and went to the server where the tunnel ended well. */
  get clientBytes(): number {
    return this.#fromClient.length + (this.#relay?.bytesAtoB ?? 0);
  }

  get serverBytes(): number {
    return this.#fromServer.length + (this.#relay?.bytesBtoA ?? 0);
  }

  /** The client's socket: both are here. */
  take(client: SocketId, carried: Uint8Array): void {
    const { port, buffers, timeouts } = this.#shared;
    const server = this.#server as SocketId;
    this.#fromClient = carried;
    const relay = new Relay(port, buffers, client, server, timeouts.readMs, (ended) =>
      this.#owner.tunnelEnded(errorOf(ended, client)),
    );
    this.#relay = relay;
    relay.start('aToB', carried);
    relay.start('bToA', this.#fromServer);
  }

  /** Resets what is the tunnel's. `false`: there was no relay yet, and its owner will hear nothing. */
  stop(): boolean {
    if (this.#relay !== undefined) {
      this.#relay.stop();
      return true;
    }
    if (this.#server === undefined) return false;
    const close = closeOperation(this.#server, () => {});
    close.how = 'reset';
    this.#shared.port.submit(close);
    this.#server = undefined;
    return false;
  }
}

const NONE = new Uint8Array(0);

function errorOf({ why, fault, faultSocket }: Relay, client: SocketId): ProxyError | undefined {
  switch (why) {
    case 'idle':
      return new ProxyError('ReadTimeout', 'upstream', undefined);
    case 'failed': {
      const source = faultSocket === client ? 'downstream' : 'upstream';
      return new ProxyError('ConnectionClosed', source, fault);
    }
    case 'stopped':
      return new ProxyError('Internal', 'internal', new Error('the tunnel was stopped'));
    default:
      return undefined;
  }
}
