import { Buffer } from 'node:buffer';
import type { SocketKind } from '../../src/core/operation.ts';

/** A descriptor on its way to another process, and what it is. */
export type PassedDescriptor = {
  readonly descriptor: number;
  readonly as: SocketKind;
  /** What the two processes agree on: an address, a number; at most `NOTE_BYTES_MAX` in UTF-8. */
  readonly note: string;
};

/** Most descriptors in one message; the kernel takes 253 (SCM_MAX_FD). */
export const DESCRIPTORS_PER_MESSAGE_MAX: number = 16;
export const NOTE_BYTES_MAX: number = 64;

// message = magic count *( kind note-bytes note ), a byte each but for magic and note
const MAGIC = Buffer.from('SLD1', 'latin1');
const ENTRY_BYTES = 2;
const KINDS: readonly SocketKind[] = ['stream', 'listener', 'datagrams'];
const HEAD_BYTES = MAGIC.length + 1;
const ENTRY_BYTES_MAX = ENTRY_BYTES + NOTE_BYTES_MAX;

/** Small enough that the kernel takes the whole of it or nothing. */
export const MESSAGE_BYTES_MAX: number = HEAD_BYTES + DESCRIPTORS_PER_MESSAGE_MAX * ENTRY_BYTES_MAX;

/** The text that goes with the descriptors; `undefined`: there are too many, none, or long notes. */
export function encodeMessage(passed: readonly PassedDescriptor[]): Buffer | undefined {
  if (passed.length === 0 || passed.length > DESCRIPTORS_PER_MESSAGE_MAX) return undefined;
  const parts: Uint8Array[] = [MAGIC, Uint8Array.of(passed.length)];
  for (const { as, note } of passed) {
    const bytes = Buffer.from(note, 'utf8');
    if (bytes.length > NOTE_BYTES_MAX) return undefined;
    parts.push(Uint8Array.of(KINDS.indexOf(as), bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

/** What the text says of its descriptors, in their order; `undefined`: it is no such text. */
export function decodeMessage(text: Buffer): Omit<PassedDescriptor, 'descriptor'>[] | undefined {
  const count = text[MAGIC.length];
  const isOurs = text.subarray(0, MAGIC.length).equals(MAGIC);
  if (!isOurs || !count || count > DESCRIPTORS_PER_MESSAGE_MAX) return undefined;
  const said: Omit<PassedDescriptor, 'descriptor'>[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i += 1) {
    const as = KINDS[text[at] ?? KINDS.length];
    const start = at + ENTRY_BYTES;
    const end = start + (text[at + 1] ?? text.length);
    if (as === undefined || end - start > NOTE_BYTES_MAX || end > text.length) return undefined;
    said.push({ as, note: text.toString('utf8', start, end) });
    at = end;
  }
  return at === text.length ? said : undefined;
}
