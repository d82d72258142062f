import { SPLICE_BYTES_MAX } from '../../src/core/operations.ts';
import { F_SETPIPE_SZ, O_CLOEXEC, O_NONBLOCK, SPLICE_F_NONBLOCK } from './constants.ts';

/** System calls on pipes. Each answers as the kernel does, or with the error number, negated. */
export interface PipeCalls {
  /** The two ends of a new pipe: where one reads, and where one writes. */
  pipe2(ends: Int32Array, flags: number): number;
  /** One of the two is a pipe. */
  splice(from: number, to: number, bytes: number, flags: number): number;
  /** Both are pipes; what is in the first stays there, too. */
  tee(from: number, to: number, bytes: number, flags: number): number;
  /** Into the memory at `address`, which stays the caller's. */
  read(fd: number, address: number, bytes: number): number;
  fcntl(fd: number, command: number, value: number): number;
  close(fd: number): number;
}

/** Pipes with bytes in them, of one port: 512 descriptors, and 64 MiB of the kernel's memory. */
export const PIPES_MAX: number = 256;
/** Empty pipes that are kept for the next use. */
export const PIPES_IDLE_MAX: number = 16;

/** A pipe of the kernel's, and how many bytes are in it. */
export class Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
  bytes = 0;
  readonly #pool: PipePool;

  constructor(pool: PipePool, readEnd: number, writeEnd: number) {
    this.#pool = pool;
    this.readEnd = readEnd;
    this.writeEnd = writeEnd;
  }

  /** Back to its pool; bytes that are still in it are dropped. */
  release(): void {
    this.#pool.give(this);
  }

  /** Takes bytes out into the memory at `address`: how many, or a negated error number. */
  read(calls: PipeCalls, address: number, room: number): number {
    const bytes = calls.read(this.readEnd, address, Math.min(room, this.bytes));
    if (bytes > 0) this.bytes -= bytes;
    return bytes;
  }

  /** The same bytes without taking them: their pages are lent to a second pipe, and read there. */
  peek(calls: PipeCalls, address: number, room: number): number {
    const other = this.#pool.open();
    if (typeof other === 'number') return other;
    const wanted = Math.min(room, this.bytes);
    const bytes = calls.tee(this.readEnd, other.writeEnd, wanted, SPLICE_F_NONBLOCK);
    other.bytes = Math.max(bytes, 0);
    const read = bytes > 0 ? other.read(calls, address, bytes) : bytes;
    this.#pool.shut(other);
    return read;
  }
}

/** The pipes of a port. One is lent only while bytes are in it, so that an idle socket has none. */
export class PipePool {
  readonly #calls: PipeCalls;
  readonly #ends = new Int32Array(2);
  readonly #idle: Pipe[] = [];
  #lent = 0;

  constructor(calls: PipeCalls) {
    this.#calls = calls;
  }

  /** How many have bytes in them. */
  get lent(): number {
    return this.#lent;
  }

  /** An empty pipe; `undefined`: as many as may be are lent; or a negated error number. */
  take(): Pipe | number | undefined {
    if (this.#lent === PIPES_MAX) return undefined;
    const pipe = this.#idle.pop() ?? this.open();
    if (typeof pipe !== 'number') this.#lent += 1;
    return pipe;
  }

  give(pipe: Pipe): void {
    this.#lent -= 1;
    if (pipe.bytes === 0 && this.#idle.length < PIPES_IDLE_MAX) this.#idle.push(pipe);
    else this.shut(pipe);
  }

  /** A pipe beyond the bound, for a moment: `shut` ends it. */
  open(): Pipe | number {
    const answer = this.#calls.pipe2(this.#ends, O_NONBLOCK | O_CLOEXEC);
    if (answer < 0) return answer;
    const pipe = new Pipe(this, this.#ends[0] as number, this.#ends[1] as number);
    // Refused to users whose pipes hold much already (pipe(7)): a smaller one takes less at once.
    this.#calls.fcntl(pipe.writeEnd, F_SETPIPE_SZ, SPLICE_BYTES_MAX);
    return pipe;
  }

  shut(pipe: Pipe): void {
    this.#calls.close(pipe.readEnd);
    this.#calls.close(pipe.writeEnd);
  }

  /** Closes what is idle. */
  close(): void {
    for (const pipe of this.#idle.splice(0)) this.shut(pipe);
  }
}
