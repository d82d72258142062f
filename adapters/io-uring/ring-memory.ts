import { Buffer } from 'node:buffer';
import {
  IORING_FEAT_RECVSEND_BUNDLE,
  IORING_OFF_SQ_RING,
  IORING_OFF_SQES,
  IORING_SETUP_CQSIZE,
  IORING_SETUP_DEFER_TASKRUN,
  IORING_SETUP_SINGLE_ISSUER,
  IORING_SETUP_SUBMIT_ALL,
  IORING_SETUP_TASKRUN_FLAG,
} from './constants.ts';
import { requireSupport, setupError } from './kernel-support.ts';
import type { SystemCalls } from './system-calls.ts';

/** Entries of the two queues; the kernel rounds them up to powers of two. */
export type RingSize = { readonly submissions: number; readonly completions: number };

/** The words of one submission entry, and of one completion. */
export const SUBMISSION_WORDS = 16;
export const COMPLETION_WORDS = 4;

/**
 * What the ring shares with the kernel. All numbers but the masks are places in `words`, which
 * counts 32-bit words; `entries` holds the submission entries themselves.
 */
export type RingMemory = {
  readonly fd: number;
  readonly words: Int32Array;
  readonly entries: Int32Array;
  readonly submissionHead: number;
  readonly submissionTail: number;
  readonly submissionFlags: number;
  readonly submissionMask: number;
  readonly completionHead: number;
  readonly completionTail: number;
  readonly completionFlags: number;
  readonly completionMask: number;
  readonly completions: number;
  /** Accepts may wait before they look: since Linux 6.10, like the feature that tells. */
  readonly acceptsPoll: boolean;
  unmap(): void;
};

// struct io_uring_params, and where it says where things are.
const PARAMETERS_BYTES = 120;
const SUBMISSION_OFFSETS = 40;
const COMPLETION_OFFSETS = 80;
const WORD_BYTES = 4;

const FLAGS =
  IORING_SETUP_CQSIZE |
  IORING_SETUP_SUBMIT_ALL |
  IORING_SETUP_SINGLE_ISSUER |
  IORING_SETUP_DEFER_TASKRUN |
  IORING_SETUP_TASKRUN_FLAG;

/**
 * Makes a ring of this thread's: what completes is put off until the thread enters the kernel on
 * purpose (DEFER_TASKRUN), so that it comes in batches and interrupts nothing.
 */
export function mapRing(calls: SystemCalls, size: RingSize): RingMemory {
  const parameters = Buffer.alloc(PARAMETERS_BYTES);
  parameters.writeUInt32LE(size.completions, WORD_BYTES);
  parameters.writeUInt32LE(FLAGS, 2 * WORD_BYTES);
  const fd = calls.ringSetup(size.submissions, parameters);
  if (fd < 0) throw setupError(fd);
  const number = (offset: number): number => parameters.readUInt32LE(offset);
  try {
    requireSupport(calls, fd, number(20));
  } catch (error) {
    calls.close(fd);
    throw error;
  }
  const [submissions, completions] = [number(0), number(4)];
  const arrayAt = number(SUBMISSION_OFFSETS + 24);
  const completionsAt = number(COMPLETION_OFFSETS + 20);
  const bytes = Math.max(
    arrayAt + submissions * WORD_BYTES,
    completionsAt + completions * COMPLETION_WORDS * WORD_BYTES,
  );
  const rings = calls.map(fd, bytes, IORING_OFF_SQ_RING);
  const entries = calls.map(fd, submissions * SUBMISSION_WORDS * WORD_BYTES, IORING_OFF_SQES);
  if (rings === undefined || entries === undefined) {
    rings?.unmap();
    entries?.unmap();
    calls.close(fd);
    throw new Error("no io_uring (mmap): too little memory may be locked: raise 'ulimit -l'");
  }
  const words = new Int32Array(rings.buffer);
  // Entry i of the submission queue is always entry i of the array.
  for (let i = 0; i < submissions; i += 1) words[arrayAt / WORD_BYTES + i] = i;
  const word = (offset: number): number => number(offset) / WORD_BYTES;
  return {
    fd,
    words,
    entries: new Int32Array(entries.buffer),
    submissionHead: word(SUBMISSION_OFFSETS),
    submissionTail: word(SUBMISSION_OFFSETS + 4),
    submissionFlags: word(SUBMISSION_OFFSETS + 16),
    submissionMask: submissions - 1,
    completionHead: word(COMPLETION_OFFSETS),
    completionTail: word(COMPLETION_OFFSETS + 4),
    completionFlags: word(COMPLETION_OFFSETS + 24),
    completionMask: completions - 1,
    completions: completionsAt / WORD_BYTES,
    acceptsPoll: (number(20) & IORING_FEAT_RECVSEND_BUNDLE) !== 0,
    unmap() {
      rings.unmap();
      entries.unmap();
      calls.close(fd);
    },
  };
}
