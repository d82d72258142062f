import type { ClientConnection } from '../../../http/client-connection.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { ProxyError } from '../../../proxy/proxy-error.ts';
import { Tunnel, type TunnelOwner } from '../../../proxy/tunnel.ts';
import type { Request } from '../../engine/request.ts';

/** A request whose server has answered 101: its two connections are relayed as they are. */
export class Switch implements TunnelOwner {
  readonly #request: Request;
  readonly #tunnel: Tunnel;

  /** The head of the answer is on its way to the client. */
  constructor(request: Request) {
    this.#request = request;
    const { attempts } = request;
    const client = request.client as ServerConnection;
    this.#tunnel = new Tunnel(attempts.target.client, client, this);
    this.#tunnel.begin(request.upstream as ClientConnection, () => {
      request.upstream = undefined;
    });
  }

  get clientBytes(): number {
    return this.#tunnel.clientBytes;
  }

  get serverBytes(): number {
    return this.#tunnel.serverBytes;
  }

  /** `true`: it ends, and tells when it has ended. */
  stop(): boolean {
    return this.#tunnel.stop();
  }

  tunnelEnded(error: ProxyError | undefined): void {
    const request = this.#request;
    if (error?.type === 'ReadTimeout') {
      request.log(
        'error',
        'upstream timed out (110: Connection timed out) while proxying upgraded connection',
      );
    }
    const client = request.client as ServerConnection;
    request.bodyBytes += this.serverBytes;
    request.finish();
    client.socketClosed();
  }
}
