import { timerOperation } from '../../core/operations.ts';
import type { Files } from './environment.ts';
import type { Site } from './site.ts';
import { fileFault, systemError } from './system-errors.ts';
import { TemporaryFile } from './temporary-file.ts';
import type { Unattended } from './unattended.ts';

/** Bytes that are copied in a turn. */
const PIECE_BYTES = 256 * 1024;
/** Instead of a fault: it can be copied there. */
const ELSEWHERE = 'elsewhere';

/** Where a finished file belongs. */
export type Place = {
  readonly path: string;
  /** Rights of the file; directories can be entered by who may read it. */
  readonly access: number;
  /** When it was changed last, in seconds since 1970; -1: now. */
  readonly mtime: number;
};

/** What could not be done, as it is logged; `undefined`: the file is in its place. */
export type Placed = (fault: string | undefined) => void;

/**
 * Puts a file in its place, complete or not at all, whatever was there before; it is closed, and
 * gone where it was. `done` is told, later only where the place is on another file system: such a
 * file is copied beside its place first, a piece in each turn.
 */
export function placeFile(site: Site, file: TemporaryFile, place: Place, done: Placed): void {
  const result = move(site.environment.files, file, place, true);
  if (result === ELSEWHERE) new FileCopy(site, file, place, done).start();
  else {
    if (result !== undefined) file.close();
    done(result);
  }
}

function move(
  files: Files,
  file: TemporaryFile,
  place: Place,
  mayCopy: boolean,
): string | undefined {
  const { path } = file;
  const mode = files.setMode(path, place.access);
  if (mode !== undefined) return fileFault('chmod', path, mode);
  const time = place.mtime < 0 ? undefined : files.setTime(file.descriptor, place.mtime);
  if (time !== undefined) return fileFault('utimes', path, time);
  let error = files.rename(path, place.path);
  if (error?.code === 'ENOENT') {
    const fault = makeDirectories(files, place);
    if (fault !== undefined) return fault;
    error = files.rename(path, place.path);
  }
  if (error === undefined) {
    file.leave();
    return undefined;
  }
  if (error.code === 'EXDEV' && mayCopy) return ELSEWHERE;
  return `rename() "${path}" to "${place.path}" failed ${systemError(error)}`;
}

/** Those that are there need not be ours. */
function makeDirectories(files: Files, { path, access }: Place): string | undefined {
  const mode = access | ((access & 0o444) >> 2);
  for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
    const directory = path.slice(0, at);
    const error = files.makeDirectory(directory, mode);
    if (error !== undefined && error.code !== 'EEXIST' && error.code !== 'EACCES')
      return fileFault('mkdir', directory, error);
  }
  return undefined;
}

/** Copies a file beside its place on another file system, and moves the copy. */
class FileCopy implements Unattended {
  readonly #site: Site;
  readonly #files: Files;
  readonly #source: TemporaryFile;
  readonly #place: Place;
  readonly #done: Placed;
  readonly #timer = timerOperation(() => this.#step());
  #target: TemporaryFile | undefined;
  #position = 0;
  #isOver = false;

  constructor(site: Site, source: TemporaryFile, place: Place, done: Placed) {
    this.#site = site;
    this.#files = site.environment.files;
    this.#source = source;
    this.#place = place;
    this.#done = done;
  }

  start(): void {
    const { path } = this.#place;
    const directory = path.slice(0, path.lastIndexOf('/') + 1) || '.';
    const target = TemporaryFile.open(this.#files, directory, 'clean');
    if (typeof target === 'string') {
      this.#end(target);
      return;
    }
    this.#target = target;
    this.#site.unattended.add(this);
    this.#next();
  }

  stop(): void {
    this.#site.port.cancel(this.#timer);
    this.#end(`the copy of "${this.#source.path}" was given up`);
  }

  #next(): void {
    const { port } = this.#site;
    this.#timer.atMs = port.loop.nowMs();
    port.submit(this.#timer);
  }

  #step(): void {
    if (this.#isOver) return;
    const target = this.#target as TemporaryFile;
    const left = this.#source.bytes - this.#position;
    if (left === 0) this.#end(move(this.#files, target, this.#place, false));
    else {
      const piece = this.#source.read(this.#position, Math.min(left, PIECE_BYTES));
      const fault =
        piece === undefined
          ? `pread() "${this.#source.path}" failed (it was cut)`
          : target.append(piece);
      if (fault !== undefined) {
        this.#end(fault);
        return;
      }
      this.#position += piece?.length ?? 0;
      this.#next();
    }
  }

  #end(fault: string | undefined): void {
    this.#isOver = true;
    this.#site.unattended.delete(this);
    if (fault !== undefined) this.#target?.close();
    this.#source.close();
    this.#done(fault);
  }
}
