import type { Fault } from '../../core/fault.ts';

/**
 * Why a query over TCP has no answer. `refused`, `reset`, `closed`: by the server; `timeout`: its
 * own deadline, or that of the connect; `limit`: the server sent too much that nobody asked for;
 * `cancelled`: `close()`, or the port was closed; `failed`: what else the system said.
 */
export type TcpFailureCode =
  | 'cancelled'
  | 'closed'
  | 'failed'
  | 'limit'
  | 'refused'
  | 'reset'
  | 'timeout';

/** How a query over TCP ended without an answer. */
export type TcpFailure = {
  readonly code: TcpFailureCode;
  readonly fault: Fault | undefined;
  /** The connection had been open, or had answered, before: the server may well be there. */
  readonly reused: boolean;
};

/** Whatever holds an asker; of no interest to the asker itself. */
export interface TcpHolder {
  leave(asker: TcpAsker): void;
}

/** Where an asker stands: the connection's own, and part of the asker so that nothing is made per use. */
export class TcpPlace {
  /** `undefined`: nobody has been asked, or it is over. */
  holder: TcpHolder | undefined;
  /** Counts what it was used for, so that an old answer is not taken for a new one. */
  asks = 0;
  /** The number of the query on its connection. */
  id = 0;
  /** When it was asked, in milliseconds on the port's clock. */
  askedMs = 0;
  /** It met a connection that was open already. */
  reused = false;
  /** It is on its second connection. */
  again = false;
}

/** One query and who waits for its answer; may be used again as soon as it is over. */
export interface TcpAsker {
  /**
   * The whole message, without a length. Its first two bytes are ignored: a copy goes out with a
   * number that is unique on the connection. Must stay as it is until the query is over.
   */
  readonly query: Uint8Array;
  /** On the port's clock. */
  readonly deadlineMs: number;
  readonly tcp: TcpPlace;

  /**
   * A message of at least 12 bytes with the query's number, lent until this returns. `true`: it is
   * the answer, and the query is over. `false`: it is not (another question, not valid), and the
   * wait goes on. May ask, leave and close.
   */
  tcpReply(message: Uint8Array): boolean;

  /** There will be no answer; the query is over. May ask, leave and close. */
  tcpFailed(failure: TcpFailure): void;
}
