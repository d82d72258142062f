import type { ClientConnection } from '../../../http/client-connection.ts';
import { latin1 } from '../../../http/latin1.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { Request } from '../../engine/request.ts';

/** Bytes that may be joined: what is more goes up as chunks of its own. */
const JOINED_BYTES_MAX = 16 * 1024;

/** Joins the small chunks that come together: what goes up has one frame around all of them. */
export class ChunkJoin {
  #request: Request | undefined;
  #text = '';
  #posted = false;

  reset(): void {
    this.#request = undefined;
    this.#text = '';
  }

  /** A chunked body goes up for this request. */
  begin(request: Request): void {
    this.#request = request;
  }

  /** `true`: the bytes were taken, and go up at the latest when all that has come is read. */
  take(request: Request, data: Uint8Array, from: number, to: number): boolean {
    if (this.#request !== request) return false;
    if (this.#text.length + to - from > JOINED_BYTES_MAX) this.flush();
    if (to - from > JOINED_BYTES_MAX || this.#request === undefined) return false;
    request.bodySent = true;
    this.#text += latin1(data, from, to);
    if (this.#posted) return true;
    this.#posted = true;
    request.site.port.loop.post(this.#onPosted);
    return true;
  }

  readonly #onPosted = (): void => {
    this.#posted = false;
    this.flush();
  };

  flush(): void {
    const text = this.#text;
    const request = this.#request;
    const upstream = request?.upstream as ClientConnection | undefined;
    this.#text = '';
    if (text === '' || request === undefined || upstream === undefined) return;
    const { outbox } = upstream;
    const client = request.client as ServerConnection;
    if (outbox.broken) {
      client.pauseRequest(); // Nothing more is taken; its answer, if any, is on its way.
    } else if (!outbox.appendText(`${text.length.toString(16)}\r\n${text}\r\n`)) {
      request.fail('WriteTimeout', undefined);
    } else if (outbox.level === 'high') client.pauseRequest();
  }
}
