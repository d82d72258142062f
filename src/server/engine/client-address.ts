import type { ServerConnection } from '../../http/server-connection.ts';
import { parseIp } from '../../net/ip.ts';
import { IpKey } from '../shared/ip-key.ts';
import type { ProxyHead } from '../shared/proxy-protocol.ts';

/**
 * Who has sent a request: who has connected, or whom a proxy that is trusted names. For the length
 * of the request; a connection may bring requests of several clients.
 */
export class ClientAddress {
  #client: ServerConnection | undefined;
  #address: string | undefined;
  #port = 0;
  readonly #key = new IpKey();

  begin(client: ServerConnection): void {
    this.#client = client;
    this.#address = undefined;
  }

  /** As text; `unix:` for whoever came over a unix socket. */
  get text(): string {
    return this.#address ?? this.connected;
  }

  /** 0 where it is not known. */
  get port(): number {
    return this.#address === undefined ? this.connectedPort : this.#port;
  }

  /** To be looked up at once: it is read anew when it is asked for the next time. */
  get key(): IpKey {
    return this.#key.read(this.text);
  }

  /** The bytes of the address as latin1, 4 or 16; of a unix socket, the text. */
  get bytes(): string {
    const bytes = parseIp(this.text);
    return typeof bytes === 'number' ? this.text : String.fromCharCode(...bytes);
  }

  /** Who has connected. */
  get connected(): string {
    return this.#client?.address ?? '';
  }

  get connectedPort(): number {
    return this.#client?.port ?? 0;
  }

  /** Has a proxy said who it is? */
  get isReplaced(): boolean {
    return this.#address !== undefined;
  }

  /** What the connection began with, where that was the PROXY protocol. */
  get proxyHead(): ProxyHead | undefined {
    return this.#client?.preface as ProxyHead | undefined;
  }

  /** Somebody who is trusted says who it is. */
  replace(address: string, port: number): void {
    this.#address = address;
    this.#port = port;
  }
}
