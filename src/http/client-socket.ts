import type { Endpoint } from '../core/endpoint.ts';
import type { RecvOperation } from '../core/operation.ts';
import type { ServerShared } from './server-options.ts';

/** What a client's connection is, whatever goes on upon it. */
export abstract class ClientSocket {
  protected readonly shared: ServerShared;
  protected abstract readonly recv: RecvOperation;
  #address: string | undefined;
  /** When it was accepted, on the port's clock. */
  readonly openedMs: number;
  /** Closes after the current response, whatever the client says. */
  lastRequest = false;
  /** At its end it is read for a while, whether the client seems to be sending or not. */
  lingersAlways = false;
  /** For whoever lists connections: where this one stands, and which one it is. */
  place = -1;
  number = 0;
  /** What was said on the connection before HTTP began: whoever has read it knows what it is. */
  preface: unknown;

  constructor(shared: ServerShared) {
    this.shared = shared;
    this.openedMs = shared.port.loop.turnMs;
  }

  /** The client's address as text, `unix:` without a network; asked of the system once. */
  get address(): string {
    const { port } = this.shared;
    this.#address ??= addressText(port.remoteEndpoint(this.recv.socket)) ?? 'unknown';
    return this.#address;
  }

  /** Our end's address as text, `unix:` without a network; '' where it is not known any more. */
  get localAddress(): string {
    return addressText(this.shared.port.localEndpoint(this.recv.socket)) ?? '';
  }

  /** The client's port; 0 where it is not known any more. */
  get port(): number {
    return this.shared.port.remoteEndpoint(this.recv.socket)?.port ?? 0;
  }
}

function addressText(endpoint: Endpoint | undefined): string | undefined {
  return endpoint?.family === 'unix' ? 'unix:' : endpoint?.address;
}
