import type { ResolverConf } from './core-conf.ts';
import type { StickyConf } from './sticky-conf.ts';
import type { Template } from './template.ts';

/** One `server` of an upstream group. Times in milliseconds. */
export type UpstreamServerConf = {
  /** `host:port`, `[::1]:80`, `unix:/path`, or a name. */
  readonly address: string;
  readonly weight: number;
  readonly maxConns: number;
  readonly maxFails: number;
  readonly failTimeout: number;
  readonly backup: boolean;
  readonly down: boolean;
  /** The name is followed while the program runs. */
  readonly resolve: boolean;
  /** SRV records are asked for: `http`, `_http._tcp`. */
  readonly service: string | undefined;
  /** Only requests that are bound to it go there. */
  readonly drain: boolean;
  /** For sticky sessions. */
  readonly route: string | undefined;
};

export type BalanceConf =
  | { readonly method: 'round-robin' | 'least-conn' | 'ip-hash' | 'random' | 'random-2' }
  | {
      readonly method: 'least-time';
      readonly of: 'header' | 'last-byte' | 'connect' | 'first-byte';
    }
  | { readonly method: 'hash'; readonly key: Template; readonly consistent: boolean };

/** `upstream name { … }`. */
export type UpstreamConf = {
  readonly name: string;
  readonly servers: readonly UpstreamServerConf[];
  readonly balance: BalanceConf;
  /** Its state is shared under this name. */
  readonly zone: string | undefined;
  readonly sticky: StickyConf | undefined;
  /** Who is asked for names that are followed. */
  readonly resolver: ResolverConf | undefined;
  readonly resolverTimeout: number;
  /** Idle connections that are kept; 0: none. */
  readonly keepalive: number;
  readonly keepaliveRequests: number;
  readonly keepaliveTime: number;
  readonly keepaliveTimeout: number;
};
