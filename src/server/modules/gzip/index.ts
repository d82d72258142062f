import { Buffer } from 'node:buffer';
import type { Flushable } from '../../../core/event-loop.ts';
import {
  type BodyFilter,
  type BodyNext,
  type Piece,
  pieceCopy,
  pieceData,
} from '../../engine/body-filter.ts';
import { typeMatcher } from '../../engine/content-types.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Request } from '../../engine/request.ts';
import { mayCompress } from './conditions.ts';
import { GzipStream } from './gzip-stream.ts';

/** Bytes that are compressed at once; less where no more has come within a turn. */
const PART_BYTES = 64 * 1024;
const STATUSES = new Set([200, 403, 404]);
/** Events are to come when they happen, and small. */
const NEVER = 'text/event-stream';

const streams = new WeakMap<Request, { readonly stream: GzipStream; readonly use: number }>();

/** `gzip`: answers are compressed for clients that take them so. */
export const gzipModule: HttpModule = {
  name: 'gzip',
  variables: { gzip_ratio: ratioOf },
  location({ conf, headerFilters }) {
    if (!conf.gzip) return;
    const isMeant = typeMatcher(conf.gzipTypes);
    headerFilters.push((request) => {
      const { out } = request;
      if (request.isSubrequest || !STATUSES.has(out.status) || out.contentEncoding !== '') return;
      if (out.contentLength >= 0 && out.contentLength < conf.gzipMinLength) return;
      if (!isMeant(out.contentType) || out.contentType.startsWith(NEVER)) return;
      out.variesByEncoding = conf.gzipVary;
      if (mayCompress(request)) compress(request, conf.gzipCompLevel);
    });
  },
};

function compress(request: Request, level: number): void {
  const { out } = request;
  out.contentEncoding = 'gzip';
  out.add('Content-Encoding', 'gzip');
  out.bodyChanges();
  out.weakenEtag();
  const stream = new GzipStream(level);
  streams.set(request, { stream, use: request.use });
  request.filterBody((next) => new GzipFilter(request, next, stream));
}

/** How many times shorter it has become, as logs show it. */
function ratioOf(request: Request): string | undefined {
  const known = streams.get(request);
  if (known?.use !== request.use || known.stream.bytesOut === 0) return undefined;
  return (known.stream.bytesIn / known.stream.bytesOut).toFixed(2);
}

class GzipFilter implements BodyFilter, Flushable {
  flushAsked = false;
  readonly #request: Request;
  readonly #next: BodyNext;
  readonly #stream: GzipStream;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #stopped = false;

  constructor(request: Request, next: BodyNext, stream: GzipStream) {
    this.#request = request;
    this.#next = next;
    this.#stream = stream;
  }

  write(piece: Piece): void {
    if (this.#stopped) return;
    this.#pieces.push(pieceData(pieceCopy(piece)));
    this.#bytes += piece.length;
    if (this.#bytes >= PART_BYTES) this.flush();
    else this.#request.site.port.loop.flushAtTurnEnd(this);
  }

  end(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#next.write(this.#stream.compress(this.#take(), true));
    this.#next.end();
  }

  stop(): void {
    this.#stopped = true;
    this.#pieces = [];
  }

  /** At the end of a turn: who waits for what there is gets it. */
  flush(): void {
    if (this.#stopped || this.#bytes === 0) return;
    this.#next.write(this.#stream.compress(this.#take(), false));
  }

  #take(): Uint8Array {
    const [only] = this.#pieces;
    const part =
      this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    return part;
  }
}
