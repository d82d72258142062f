import type { Endpoint } from '../../core/endpoint.ts';
import type { CharsetMap } from './charset-conf.ts';
import type { ZonesConf } from './limit-conf.ts';
import type { LocationConf } from './location-conf.ts';
import type { LogFormat } from './log-conf.ts';
import type { LookupConf } from './lookup-conf.ts';
import type { Script } from './script.ts';
import type { UpstreamConf } from './upstream-conf.ts';

/** One `listen`. */
export type ListenConf = {
  readonly endpoint: Endpoint;
  /** As it is written, for messages. */
  readonly text: string;
  readonly defaultServer: boolean;
  readonly proxyProtocol: boolean;
  readonly backlog: number;
  readonly reusePort: boolean;
  readonly fastOpen: number;
  readonly ipv6Only: boolean;
};

/** One of `server_name`. */
export type ServerName =
  | { readonly kind: 'exact'; readonly name: string }
  /** `*.example.org` or `.example.org` (which is also exact): without the asterisk, `.example.org`. */
  | { readonly kind: 'suffix'; readonly suffix: string }
  /** `www.*`: `www.`. */
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'regex'; readonly regex: RegExp };

/** A `server` of `http`: what belongs to its connections, and its locations. */
export interface ServerConf {
  readonly listens: readonly ListenConf[];
  readonly names: readonly ServerName[];
  /** What `$server_name` is: the first name, as it is written. */
  readonly name: string;
  readonly script: Script;
  readonly clientHeaderTimeout: number;
  readonly clientHeaderBufferSize: number;
  readonly largeClientHeaderBuffers: { readonly number: number; readonly size: number };
  readonly ignoreInvalidHeaders: boolean;
  readonly underscoresInHeaders: boolean;
  readonly mergeSlashes: boolean;
  readonly maxHeaders: number;
  /** What holds where no location matches, and in all locations that do not say otherwise. */
  readonly location: LocationConf;
}

/** `http { … }`: what a site is, as data. A program writes it by hand, `src/config` compiles it. */
export interface SiteConf extends LookupConf, ZonesConf {
  readonly servers: readonly ServerConf[];
  readonly logFormats: readonly LogFormat[];
  readonly upstreams: readonly UpstreamConf[];
  /** Names of groups in all regular expressions: each is a variable. */
  readonly captureNames: readonly string[];
  /** Of clients from here, everything is logged: addresses, networks and `unix:`. */
  readonly debugConnections: readonly string[];
  readonly charsetMaps: readonly CharsetMap[];
  /** Relative paths of `root`, logs and the like begin here; ends with a slash. */
  readonly prefix: string;
}
