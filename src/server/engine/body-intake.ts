import { HttpError } from '../../http/http-error.ts';
import type { MessageHead } from '../../http/message-head.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { LocationConf } from '../conf/location-conf.ts';
import type { BodyFileUse } from './client-body.ts';
import type { Request } from './request.ts';

/** What becomes of the body that a client sends: it is read, passed on, or dropped. */
export class BodyIntake {
  readonly #request: Request;
  #then: (() => void) | undefined;
  /** Somebody has it, or drops it: nobody else does. */
  taken = false;
  /** Bytes that have come. */
  come = 0;

  constructor(request: Request) {
    this.#request = request;
  }

  reset(): void {
    this.#then = undefined;
    this.taken = false;
    this.come = 0;
  }

  /** Is all of it read before anything is done? */
  get isReading(): boolean {
    return this.#then !== undefined;
  }

  /** The answer does not depend on it any more. */
  stopReading(): void {
    this.#then = undefined;
  }

  /** Reads all of it; `then` runs when it is there. */
  read(then: () => void): void {
    const { location, client, site, body } = this.#request;
    if (this.taken) {
      // It is dropped: whoever answers instead has none.
      body.isWhole = true;
      then();
      return;
    }
    const { conf } = location;
    const { head } = client as ServerConnection;
    const directory = site.fullPath(conf.clientBodyTempPath);
    this.#then = then;
    this.taken = true;
    body.begin(site.environment.files, memoryFor(head, conf), directory, fileUse(conf));
    (client as ServerConnection).resumeRequest();
  }

  /** Counts what has come. Throws `HttpError` where a body of unknown length becomes too large. */
  count(bytes: number): void {
    this.come += bytes;
    const { clientMaxBodySize } = this.#request.location.conf;
    if (this.come <= clientMaxBodySize || clientMaxBodySize === 0) return;
    this.#request.log(
      'error',
      `client intended to send too large chunked body: ${this.come} bytes`,
    );
    throw new HttpError('BODY_TOO_LARGE', 'over client_max_body_size');
  }

  /** Keeps a lent view. Throws `HttpError` where there is no place for it. */
  keep(data: Uint8Array, from: number, to: number): void {
    if (!this.#request.body.add(data, from, to)) this.#failed();
  }

  /** All of it is there. Throws `HttpError`. */
  ended(): void {
    const request = this.#request;
    const then = this.#then;
    if (!request.body.complete()) this.#failed();
    const { path } = request.body;
    if (path !== undefined) {
      request.log('warn', `a client request body is buffered to a temporary file ${path}`);
    }
    this.#then = undefined;
    then?.();
  }

  /**
   * What still comes is dropped. `asks`: a client that waits with it is told to go on, so that it is
   * clear what comes next. Returns what is wrong with what has come.
   */
  discard(asks: boolean): HttpError | undefined {
    const request = this.#request;
    const client = request.client as ServerConnection;
    if (!client.requestHasBody) return undefined;
    if (this.taken) {
      // It is being read, or passed on: where its end is, only its rest would say.
      if (this.isReading || request.side !== undefined) request.keepAlive = false;
      return undefined;
    }
    this.taken = true;
    if (client.owesContinue && !asks) request.keepAlive = false;
    const { lingeringTime, lingeringTimeout } = request.location.conf;
    return client.discardBody(asks, lingeringTime, lingeringTimeout);
  }

  #failed(): never {
    this.#request.log('crit', this.#request.body.fault ?? '');
    throw new HttpError('BODY_NOT_KEPT', 'no place for the body');
  }
}

/** Bytes of a body that stay in memory: one that is but a little too long may do so, too. */
function memoryFor(head: MessageHead, conf: LocationConf): number {
  const { clientBodyBufferSize: size } = conf;
  const roomy = size + Math.floor(size / 4);
  return head.framing === 'length' && head.contentLength < roomy ? head.contentLength : size;
}

function fileUse({ clientBodyInFileOnly }: LocationConf): BodyFileUse {
  if (clientBodyInFileOnly === 'off') return 'unnamed';
  return clientBodyInFileOnly === 'on' ? 'keep' : 'clean';
}
