import type { NameKey } from './name.ts';
import type { AnyData } from './record-type.ts';

/**
 * Why a message was not taken. The wait for a better one goes on. `short`, `header`, `question`
 * and `case` may be anybody's; `parse` and `owner` are of who was asked, but worthless, so that
 * somebody else is asked at once as well.
 */
export type DropReason = 'short' | 'header' | 'question' | 'case' | 'parse' | 'owner';

/** What the records of a valid answer say about the name that was asked for. */
export type Answer = {
  readonly kind: 'answer';
  /** Where the chain of aliases ended, and the records stand. */
  readonly canonical: NameKey;
  readonly data: readonly AnyData[];
  /** The smallest of the set and of every alias on the way, in seconds. */
  readonly ttl: number;
  /** How many aliases were followed. */
  readonly links: number;
  /** The AD bit as it was received. */
  readonly authenticated: boolean;
};

/** The chain leaves the message: `canonical` is to be asked for next. */
export type Alias = {
  readonly kind: 'alias';
  readonly canonical: NameKey;
  readonly ttl: number;
  readonly links: number;
  readonly authenticated: boolean;
};

/** No such name, or nothing of the type (RFC 2308). */
export type Negative = {
  readonly kind: 'nxdomain' | 'nodata';
  readonly canonical: NameKey;
  /**
   * Seconds that this may be kept: of a valid SOA record, and of the aliases on the way. `undefined`:
   * there was no valid SOA.
   */
  readonly ttl: number | undefined;
  readonly links: number;
  readonly authenticated: boolean;
};

/** The server would not, or could not. `rcode` is the extended one (RFC 6891 §6.1.3). */
export type Refusal = { readonly kind: 'rcode'; readonly rcode: number };

/** An answer that can be used and cached. */
export type Settled = Answer | Alias | Negative;

/** What one message is to the one who asked. */
export type Reply =
  | Settled
  | Refusal
  | { readonly kind: 'truncated' }
  | { readonly kind: 'drop'; readonly reason: DropReason };
