/** What a request was for: comes back with its completion, beside the socket's number. */
export const TAG = {
  /** A cancellation: its own answer says nothing that the cancelled request does not. */
  ignored: 0,
  /** Bytes, for a receive or a peek. */
  received: 1,
  /** A poll for reading: datagrams, and bytes that a lingering close drops. */
  readable: 2,
  accepted: 3,
  sent: 4,
  /** A poll for writing, after a send that the socket had no room for. */
  writable: 5,
  /** The end of what needed no request: it takes its turn behind those that did. */
  ended: 6,
  connected: 7,
  /** A poll for reading: bytes for a chunk of a pool. */
  bulk: 8,
  /** A poll of the other socket for writing, where a splice cannot go on. */
  spliceRoom: 9,
  /** The answer to asking for an accept's end, which may come too early or too late. */
  acceptCancelled: 10,
} as const;

export type Tag = (typeof TAG)[keyof typeof TAG];

const TAG_BITS = 8;
const TAG_MASK = (1 << TAG_BITS) - 1;

/** A tag with a number beside it, where a socket has several such requests at once. */
export function numbered(tag: Tag, number: number): number {
  return tag | (number << TAG_BITS);
}

export function tagOf(numberedTag: number): Tag {
  return (numberedTag & TAG_MASK) as Tag;
}

export function numberOf(numberedTag: number): number {
  return numberedTag >>> TAG_BITS;
}
