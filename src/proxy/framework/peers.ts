/** How long the proxy waits for one destination, in milliseconds. */
export type PeerTimeouts = {
  readonly connectMs?: number;
  /** For the peer to take what one write sends. */
  readonly sendMs?: number;
  /** Between two reads of a response; also until its first byte. */
  readonly readMs?: number;
};

/** One destination. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  /** UNIX socket; host and port then only name the peer. */
  readonly socketPath?: string;
  readonly localAddress?: string;
  readonly timeouts?: PeerTimeouts;
  /** Connections with different keys are never shared. */
  readonly poolKey?: string;
  /** CONNECT may reach it: without this, it is answered 405. */
  readonly tunnel?: boolean;
}

/** A group of servers, made by `upstream(name, options)`. */
export interface Upstream {
  readonly name: string;
}

/** A connection to a peer, as the `connected` phase sees it. */
export interface Connection {
  readonly peer: Peer;
  /** It has served an exchange before. */
  readonly reused: boolean;
  readonly localPort: number;
}
