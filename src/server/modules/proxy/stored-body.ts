import type { LocationConf } from '../../conf/location-conf.ts';
import { type BodyFilter, type BodyNext, type Piece, pieceData } from '../../engine/body-filter.ts';
import { type Place, placeFile } from '../../engine/place-file.ts';
import type { Request } from '../../engine/request.ts';
import type { TemporaryFile } from '../../engine/temporary-file.ts';

/**
 * The body of an answer on its way to a file. Until it is complete, nobody sees it there; a body that
 * breaks off leaves nothing behind.
 */
export class StoredBody {
  readonly #request: Request;
  readonly #use: number;
  readonly #conf: LocationConf;
  readonly #place: Place;
  #file: TemporaryFile | undefined;
  /** The request ends before the answer does. */
  #isHandedOn = false;

  constructor(request: Request, file: TemporaryFile, place: Place) {
    this.#request = request;
    this.#use = request.use;
    this.#conf = request.location.conf;
    this.#file = file;
    this.#place = place;
  }

  /** Is it still to be kept? */
  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Lent bytes: they are written at once. */
  add(bytes: Uint8Array): void {
    const fault = this.#file?.append(bytes);
    if (fault === undefined) return;
    this.#log(fault);
    this.#drop();
  }

  /** The body is there, all of it; `then` runs when it is in its place, or cannot be. */
  complete(then: () => void): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) {
      then();
      return;
    }
    placeFile(this.#request.site, file, this.#place, (fault) => {
      if (fault !== undefined) this.#log(fault);
      then();
    });
  }

  /** The rest will not come. */
  discard(): void {
    this.#drop();
  }

  /** For who goes on with it when the request is over. */
  handOn(): StoredBody {
    this.#isHandedOn = true;
    return this;
  }

  /** The answer to the client is over. */
  answered(): void {
    if (!this.#isHandedOn) this.#drop();
  }

  #drop(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #log(text: string): void {
    const request = this.#request;
    if (request.use === this.#use && request.client !== undefined) request.log('crit', text);
    else request.site.logs.of(this.#conf).write('crit', text);
  }
}

/** Lets a body through, and keeps it. The answer ends when the file is in its place. */
export class StoreFilter implements BodyFilter {
  readonly #stored: StoredBody;
  #next: BodyNext | undefined;

  constructor(stored: StoredBody, next: BodyNext) {
    this.#stored = stored;
    this.#next = next;
  }

  write(piece: Piece): void {
    this.#stored.add(pieceData(piece));
    this.#next?.write(piece);
  }

  end(): void {
    this.#stored.complete(() => this.#next?.end());
  }

  stop(): void {
    this.#next = undefined;
    this.#stored.answered();
  }
}
