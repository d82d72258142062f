/** What a world's network and kernels are like; may be changed while the world runs. */
export type Conditions = {
  /** One way, in milliseconds of virtual time, drawn per packet. */
  latencyMinMs: number;
  latencyMaxMs: number;
  /** Probabilities per packet, 0 to 1. A repaired packet is one more packet. */
  loss: number;
  duplication: number;
  /** A reordered packet is held back while later ones overtake it. */
  reorder: number;
  /** A segment with data or FIN is replaced by a RST. */
  resets: number;
  /** Of sockets that are made from now on, in bytes, at most `RING_BYTES`. */
  sendBufferBytes: number;
  receiveBufferBytes: number;
};

/** The size of a ring buffer, in bytes: what a socket's send or receive buffer holds at most. */
export const RING_BYTES: number = 64 * 1024;

/** Nothing is delayed and nothing goes wrong. */
export const CALM: Readonly<Conditions> = {
  latencyMinMs: 0,
  latencyMaxMs: 0,
  loss: 0,
  duplication: 0,
  reorder: 0,
  resets: 0,
  sendBufferBytes: RING_BYTES,
  receiveBufferBytes: RING_BYTES,
};

/** Do packets arrive at once, in order, each of them once? */
export function isCalm(conditions: Readonly<Conditions>): boolean {
  return (
    conditions.latencyMaxMs === 0 &&
    conditions.loss === 0 &&
    conditions.duplication === 0 &&
    conditions.reorder === 0 &&
    conditions.resets === 0
  );
}
