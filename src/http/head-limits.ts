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

/** What a head of a request may have besides, and what is answered to one that is too large. */
export type HeadRules = {
  /** A line may end with LF alone (RFC 9112 §2.2); it is read as if it ended with CR and LF. */
  readonly bareLf: boolean;
  /** What becomes of a field with `_` in its name, which some programs would take for `-`. */
  readonly underscores: 'drop' | 'keep' | 'refuse';
  /** For a line, a head or a count of fields over its limit; a long target is 414 in any case. */
  readonly tooLargeStatus: 400 | 431;
  /** CONNECT is taken, with a host and a port; otherwise it is answered 405. */
  readonly connect: boolean;
};

export const HEAD_RULES: HeadRules = {
  bareLf: false,
  underscores: 'drop',
  tooLargeStatus: 431,
  connect: false,
};

/** Bytes of a method: the longest registered one has 17 (RFC 9110 §16.1, UPDATEREDIRECTREF). */
export const METHOD_BYTES_MAX: number = 32;
