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
} as const;

export type Tag = (typeof TAG)[keyof typeof TAG];
