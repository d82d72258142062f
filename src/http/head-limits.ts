/** How large a head may be. Beyond each, the message is refused. */
export type HeadLimits = {
  /** Bytes of the whole head. */
  readonly headBytesMax: number;
  /** Bytes of one field line. */
  readonly lineBytesMax: number;
  /** Bytes of the request target. */
  readonly targetBytesMax: number;
  readonly fieldsMax: number;
};

export const HEAD_LIMITS: HeadLimits = {
  headBytesMax: 32 * 1024,
  lineBytesMax: 8 * 1024,
  targetBytesMax: 8 * 1024,
  fieldsMax: 200,
};

/** Bytes of a method: the longest registered one has 17 (RFC 9110 §16.1, UPDATEREDIRECTREF). */
export const METHOD_BYTES_MAX: number = 32;
