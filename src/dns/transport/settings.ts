import type { Endpoint } from '../../core/endpoint.ts';

/** A name server as it was configured. */
export type ServerAddress = { readonly endpoint: Endpoint; readonly transport: 'udp' | 'tcp' };

/** How servers are asked; what is absent has its default. Times are in milliseconds. */
export type TransportOptions = {
  readonly attempt?: {
    /** For an answer of a server whose round-trip time is unknown. Default 2,000. */
    readonly initialMs?: number;
    /** What a server's round-trip time gives is not below `minMs`, 250, nor above `maxMs`, 5,000. */
    readonly minMs?: number;
    readonly maxMs?: number;
    /** How often a server is asked one question: the number of rounds. Default 2. */
    readonly perServer?: number;
  };
  readonly sockets?: {
    /** Among which a query chooses: its port is part of what a forger has to guess. Default 8. */
    readonly perServer?: number;
    /** Then a socket is replaced. Default 64. */
    readonly queriesEach?: number;
  };
  /** What an answer over UDP may have, in bytes (RFC 6891 §6.2.5). Default 1232. */
  readonly ednsSize?: number;
  /** Letter case as a secret; `auto`: until a server proves unable to give it back. */
  readonly case0x20?: 'auto' | 'on' | 'off';
  /** Questions under way; more wait in order. Default 4,096. */
  readonly maxInFlight?: number;
};

export type TransportSettings = {
  readonly initialMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly rounds: number;
  readonly socketsPerServer: number;
  readonly queriesPerSocket: number;
  readonly ednsSize: number;
  readonly case0x20: 'auto' | 'on' | 'off';
  readonly maxInFlight: number;
};

/** Attempts under way at one server; others wait, or go elsewhere. */
export const SERVER_IN_FLIGHT_MAX: number = 1_000;
/** Questions that wait for others to end; one more is refused. */
export const WAITING_MAX: number = 65_536;
/** Servers that are known at a time: a set of them is one 32-bit number. */
export const SERVERS_MAX: number = 32;

/** Fills in the defaults. */
export function transportSettings(options: TransportOptions = {}): TransportSettings {
  const { attempt = {}, sockets = {} } = options;
  return {
    initialMs: attempt.initialMs ?? 2_000,
    minMs: attempt.minMs ?? 250,
    maxMs: attempt.maxMs ?? 5_000,
    rounds: attempt.perServer ?? 2,
    socketsPerServer: sockets.perServer ?? 8,
    queriesPerSocket: sockets.queriesEach ?? 64,
    ednsSize: options.ednsSize ?? 1232,
    case0x20: options.case0x20 ?? 'auto',
    maxInFlight: options.maxInFlight ?? 4_096,
  };
}
