import { InvariantError } from '../../src/core/invariant-error.ts';
import { RingQueue } from '../../src/core/ring-queue.ts';
import { EAGAIN, EINTR, ENOMEM } from '../linux/constants.ts';
import {
  EBUSY,
  IORING_CQ_EVENTFD_DISABLED,
  IORING_ENTER_GETEVENTS,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_NOP,
  IORING_OP_POLL_ADD,
  IORING_SQ_CQ_OVERFLOW,
  IORING_SQ_TASKRUN,
  IOSQE_CQE_SKIP_SUCCESS,
} from './constants.ts';
import {
  COMPLETION_WORDS,
  mapRing,
  type RingMemory,
  type RingSize,
  SUBMISSION_WORDS,
} from './ring-memory.ts';
import type { SystemCalls } from './system-calls.ts';
import { TAG } from './tag.ts';

/** How often a call that a signal interrupted is made again. */
export const INTERRUPTS_MAX = 64;
const WORD = 2 ** 32;

/** Told of every completion. `tag` may be numbered; `flags`: the kernel's IORING_CQE_F_… */
export type OnCompletion = (id: number, tag: number, result: number, flags: number) => void;

/**
 * The two queues shared with the kernel. Requests are written into the submission queue without
 * a system call; one `submit` hands over all of them and brings back what has ended meanwhile.
 *
 *   prepare → [submission queue] ──submit: one io_uring_enter──→ kernel
 *   reap    ← [completion queue] ←──────────────────────────────┘
 */
export class Ring {
  readonly #calls: SystemCalls;
  readonly #onCompletion: OnCompletion;
  readonly #onPrepared: () => void;
  #memory: RingMemory | undefined;
  #words: Int32Array;
  #entries: Int32Array;
  #tail: number;
  /** How far the kernel has taken requests: it does so only while it is entered, by this thread. */
  #taken: number;
  #head: number;
  /** Requests for which the queue had no room and the kernel took none: handed over first. */
  readonly #waiting = new RingQueue<Int32Array>();
  /** Requests that the kernel has and that will complete, cancellations not counted. */
  inFlight = 0;

  /** `onPrepared` runs when the first request since the last `submit` was prepared. */
  constructor(
    calls: SystemCalls,
    size: RingSize,
    onCompletion: OnCompletion,
    onPrepared: () => void,
  ) {
    this.#calls = calls;
    this.#onCompletion = onCompletion;
    this.#onPrepared = onPrepared;
    const memory = mapRing(calls, size);
    this.#memory = memory;
    this.#words = memory.words;
    this.#entries = memory.entries;
    this.#tail = memory.words[memory.submissionTail] as number;
    this.#taken = this.#tail;
    this.#head = memory.words[memory.completionHead] as number;
  }

  get fd(): number {
    return this.#memory?.fd ?? -1;
  }

  /** Does the kernel know accepts that wait before they look? */
  get polls(): boolean {
    return this.#memory?.acceptsPoll === true;
  }

  /** Requests that the kernel does not have yet. */
  get unsubmitted(): number {
    if (this.#memory === undefined) return 0;
    return ((this.#tail - this.#taken) | 0) + this.#waiting.size;
  }

  /** Has something completed, or would it when the kernel is entered? */
  get isReady(): boolean {
    const memory = this.#memory;
    if (memory === undefined) return false;
    return (
      this.#owesEvents(memory) || Atomics.load(this.#words, memory.completionTail) !== this.#head
    );
  }

  /**
   * Writes one request: the fields of struct io_uring_sqe. Addresses are numbers below 2^53.
   * `option`: the flags of the operation; `more`: addr2, `last`: word 11, addr_len among them.
   */
  prepare(
    operation: number,
    fd: number,
    address: number,
    length: number,
    option: number,
    id: number,
    tag: number,
    more = 0,
    last = 0,
  ): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    if (tag !== TAG.ignored) this.inFlight += 1;
    const queued = (this.#tail - this.#taken) | 0;
    if (queued === 0 && this.#waiting.size === 0) this.#onPrepared();
    if (queued > memory.submissionMask) this.submit();
    const entries = this.#place(memory);
    const at =
      entries === this.#entries ? (this.#tail & memory.submissionMask) * SUBMISSION_WORDS : 0;
    entries[at] = operation;
    entries[at + 1] = fd;
    entries[at + 2] = more | 0;
    entries[at + 3] = more / WORD;
    entries[at + 4] = address | 0;
    entries[at + 5] = address / WORD;
    entries[at + 6] = length;
    entries[at + 7] = option;
    entries[at + 8] = id;
    entries[at + 9] = tag;
    entries[at + 10] = 0;
    entries[at + 11] = last;
    entries[at + 12] = 0;
    entries[at + 13] = 0;
    entries[at + 14] = 0;
    entries[at + 15] = 0;
    if (entries === this.#entries) this.#tail = (this.#tail + 1) | 0;
  }

  /** Completes as `tag` when `events` are there; `events` are POLLIN and its kin. */
  poll(fd: number, events: number, id: number, tag: number): void {
    this.prepare(IORING_OP_POLL_ADD, fd, 0, 0, events, id, tag);
  }

  /** Completes as `tag` with the next reaping, behind what has completed before. */
  echo(id: number, tag: number): void {
    this.prepare(IORING_OP_NOP, -1, 0, 0, 0, id, tag);
  }

  /** Asks for an early end of a request, which then completes by itself. */
  cancel(id: number, tag: number): void {
    const skip = IORING_OP_ASYNC_CANCEL | (IOSQE_CQE_SKIP_SUCCESS << 8);
    this.prepare(skip, -1, tag * WORD + id, 0, 0, 0, TAG.ignored);
  }

  /** One system call, or none where there is nothing to hand over or to fetch. */
  submit(): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    for (let tries = 0; tries < INTERRUPTS_MAX; tries += 1) {
      this.#placeWaiting(memory);
      Atomics.store(this.#words, memory.submissionTail, this.#tail);
      const count = (this.#tail - this.#taken) | 0;
      if (count === 0 && !this.#owesEvents(memory)) return;
      const answer = this.#calls.ringEnter(memory.fd, count, IORING_ENTER_GETEVENTS);
      this.#taken = Atomics.load(this.#words, memory.submissionHead);
      if (answer >= 0 && this.unsubmitted === 0) return;
      if (answer === -EAGAIN || answer === -EBUSY || answer === -ENOMEM) return; // Again next turn.
      if (answer < 0 && answer !== -EINTR) throw new InvariantError(`io_uring_enter: ${answer}`);
    }
  }

  /** Tells of everything that has completed; returns how much that was. */
  reap(): number {
    const memory = this.#memory;
    if (memory === undefined) return 0;
    // What completes while callbacks run waits for the next turn.
    const tail = Atomics.load(this.#words, memory.completionTail);
    const count = (tail - this.#head) | 0;
    const words = this.#words;
    try {
      for (let left = count; left > 0; left -= 1) {
        const at = memory.completions + (this.#head & memory.completionMask) * COMPLETION_WORDS;
        const tag = words[at + 1] as number;
        this.#head = (this.#head + 1) | 0;
        if (tag === TAG.ignored) continue;
        this.inFlight -= 1;
        this.#onCompletion(
          words[at] as number,
          tag,
          words[at + 2] as number,
          words[at + 3] as number,
        );
      }
    } finally {
      // Also when a host throws what it was told; and not for a ring that a callback has closed.
      if (this.#memory !== undefined) Atomics.store(words, memory.completionHead, this.#head);
    }
    return count;
  }

  /** Whether completions count up the registered eventfd: not while they are being fetched. */
  setNotifying(notifying: boolean): void {
    const memory = this.#memory;
    if (memory === undefined) return;
    const flags = notifying ? 0 : IORING_CQ_EVENTFD_DISABLED;
    Atomics.store(this.#words, memory.completionFlags, flags);
  }

  close(): void {
    const memory = this.#memory;
    this.#memory = undefined;
    this.#taken = this.#tail;
    this.#words = new Int32Array(0);
    this.#entries = this.#words;
    memory?.unmap();
  }

  /** Completions that the kernel has put off until it is entered. */
  #owesEvents({ submissionFlags }: RingMemory): boolean {
    const flags = Atomics.load(this.#words, submissionFlags);
    return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) !== 0;
  }

  /** Where the next request goes: into the queue, or, when that is full, to those that wait. */
  #place(memory: RingMemory): Int32Array {
    const full = ((this.#tail - this.#taken) | 0) > memory.submissionMask;
    if (!full && this.#waiting.size === 0) return this.#entries;
    const entry = new Int32Array(SUBMISSION_WORDS);
    this.#waiting.push(entry);
    return entry;
  }

  #placeWaiting(memory: RingMemory): void {
    while (this.#waiting.size > 0 && ((this.#tail - this.#taken) | 0) <= memory.submissionMask) {
      const entry = this.#waiting.shift() as Int32Array;
      this.#entries.set(entry, (this.#tail & memory.submissionMask) * SUBMISSION_WORDS);
      this.#tail = (this.#tail + 1) | 0;
    }
  }
}
