import type { ClientConnection } from '../../../http/client-connection.ts';
import type { ClientExchange } from '../../../http/client-options.ts';
import type { PoolKey, UpstreamPool } from '../../../proxy/upstream/index.ts';
import type { Site } from '../../engine/site.ts';
import type { Unattended } from '../../engine/unattended.ts';
import type { StoredBody } from './stored-body.ts';

/**
 * What is left of an answer that nobody waits for: read to its end, so that its connection is kept,
 * and what was to be stored is.
 */
export class Leftover implements ClientExchange, Unattended {
  readonly #site: Site;
  readonly #pool: UpstreamPool<ClientConnection>;
  readonly #key: PoolKey;
  readonly #upstream: ClientConnection;
  readonly #stored: StoredBody | undefined;

  constructor(
    site: Site,
    pool: UpstreamPool<ClientConnection>,
    key: PoolKey,
    upstream: ClientConnection,
    stored: StoredBody | undefined = undefined,
  ) {
    this.#site = site;
    this.#pool = pool;
    this.#key = key;
    this.#upstream = upstream;
    this.#stored = stored;
  }

  /** The connection is handed over to it. */
  begin(): void {
    this.#site.unattended.add(this);
    this.#upstream.handTo(this);
  }

  stop(): void {
    this.#over();
    this.#upstream.destroy();
  }

  responseHead(): void {}
  requestLevel(): void {}

  responseBody(data: Uint8Array, from: number, to: number): void {
    this.#stored?.add(data.subarray(from, to));
  }

  responseFailed(): void {
    this.#over();
  }

  responseEnd(): void {
    this.#stored?.complete(() => {});
    this.#over();
    this.#pool.give(this.#key, this.#upstream);
  }

  #over(): void {
    this.#site.unattended.delete(this);
    this.#stored?.discard();
  }
}
