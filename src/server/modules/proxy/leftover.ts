import type { ClientConnection } from '../../../http/client-connection.ts';
import type { ClientExchange } from '../../../http/client-options.ts';
import type { PoolKey, UpstreamPool } from '../../../proxy/upstream/index.ts';

/** What is left of an answer that nobody waits for: read to its end, so that its connection is kept. */
export class Leftover implements ClientExchange {
  readonly #pool: UpstreamPool<ClientConnection>;
  readonly #key: PoolKey;
  readonly #upstream: ClientConnection;

  constructor(pool: UpstreamPool<ClientConnection>, key: PoolKey, upstream: ClientConnection) {
    this.#pool = pool;
    this.#key = key;
    this.#upstream = upstream;
  }

  responseHead(): void {}
  responseBody(): void {}
  responseFailed(): void {}
  requestLevel(): void {}

  responseEnd(): void {
    this.#pool.give(this.#key, this.#upstream);
  }
}
