import { createGunzip, type Gunzip } from 'node:zlib';
import { HOLD } from '../../engine/body-chain.ts';
import {
  type BodyFilter,
  type BodyNext,
  type Piece,
  pieceCopy,
  pieceData,
} from '../../engine/body-filter.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Request } from '../../engine/request.ts';
import { mayCompress } from './conditions.ts';

/** `gunzip`: answers that come compressed, for clients that do not take them so. */
export const gunzipModule: HttpModule = {
  name: 'gunzip',
  location({ conf, headerFilters }) {
    if (!conf.gunzip) return;
    headerFilters.push((request) => {
      const { out } = request;
      if (out.contentEncoding.toLowerCase() !== 'gzip') return;
      out.variesByEncoding = conf.gzipVary;
      if (!request.isSubrequest && mayCompress(request)) return;
      out.contentEncoding = '';
      out.remove('Content-Encoding');
      out.bodyChanges();
      out.weakenEtag();
      request.filterBody((next) => new GunzipFilter(request, next));
    });
  },
};

/** Unpacks at the pace of who takes it: what has come in waits, and its source with it. */
class GunzipFilter implements BodyFilter {
  readonly #request: Request;
  readonly #next: BodyNext;
  readonly #gunzip: Gunzip = createGunzip();
  #stopped = false;

  constructor(request: Request, next: BodyNext) {
    this.#request = request;
    this.#next = next;
    this.#gunzip.on('data', (bytes: Uint8Array) => this.#unpacked(bytes));
    this.#gunzip.on('drain', () => request.releaseFor(HOLD.full));
    this.#gunzip.on('end', () => this.#over());
    this.#gunzip.on('error', (error) => this.#failed(error));
  }

  write(piece: Piece): void {
    if (this.#stopped) return;
    const takesMore = this.#gunzip.write(pieceData(pieceCopy(piece)));
    if (!takesMore) this.#request.holdFor(HOLD.full);
  }

  end(): void {
    if (!this.#stopped) this.#gunzip.end();
  }

  flow(open: boolean): void {
    if (this.#stopped) return;
    if (open) this.#gunzip.resume();
    else this.#gunzip.pause();
  }

  stop(): void {
    this.#stopped = true;
    this.#gunzip.destroy();
  }

  #unpacked(bytes: Uint8Array): void {
    if (!this.#stopped) this.#next.write(bytes);
  }

  #over(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#next.end();
  }

  #failed(error: Error): void {
    if (this.#stopped) return;
    this.#request.log('error', `inflate() failed: ${error.message}`);
    this.#request.cut();
  }
}
