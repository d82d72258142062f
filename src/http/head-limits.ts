import { isHost } from './host.ts';

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
  readonly tooLargeStatus: 400 | 431 | 494;
  /** CONNECT is taken, with a host and a port; otherwise it is answered 405. */
  readonly connect: boolean;
  /** A request line without version (HTTP/0.9) is taken: it is GET, and has no fields. */
  readonly http09: boolean;
  /** HTTP/1.2 to HTTP/1.9 are taken for HTTP/1.1 (RFC 9110 §2.5). */
  readonly laterMinors: boolean;
  /** Empty lines before a request are ignored, however many: one is, without this. */
  readonly emptyLines: boolean;
  /** Bytes above 127 and `#` may stand in a target. */
  readonly rawTargets: boolean;
  /**
   * What a field name may be: a `token`, and whatever else is refused; or letters, digits and `-`,
   * where a field with another name is read over (`drop`) or taken as it is (`keep`).
   */
  readonly names: 'token' | 'drop' | 'keep';
  /** An expectation that is none we know is ignored, and not answered 417. */
  readonly anyExpect: boolean;
  /** Fields that mean one thing only are refused where they come twice. */
  readonly uniqueFields: boolean;
  /** GET, HEAD and DELETE of HTTP/1.0 may have a body. */
  readonly bodies10: boolean;
  /** Is it a host, with or without a port? Of `Host`, and of a target that has one. */
  readonly isHost: (text: string, start: number, end: number) => boolean;
};

export const HEAD_RULES: HeadRules = {
  bareLf: false,
  underscores: 'drop',
  tooLargeStatus: 431,
  connect: false,
  http09: false,
  laterMinors: false,
  emptyLines: false,
  rawTargets: false,
  names: 'token',
  anyExpect: false,
  uniqueFields: false,
  bodies10: false,
  isHost,
};

/** Bytes of a method: the longest registered one has 17 (RFC 9110 §16.1, UPDATEREDIRECTREF). */
export const METHOD_BYTES_MAX: number = 32;
