import type { AccessRuleConf } from './admission-conf.ts';
import type { ResolverConf } from './core-conf.ts';
import type { ConnectionLimitConf, ConnectionZoneConf, LimitLogLevel } from './limit-conf.ts';
import type { LogConf, LogFormat } from './log-conf.ts';
import { LOOKUP_DEFAULTS, type LookupConf } from './lookup-conf.ts';
import type { ListenConf, ServerName } from './site-conf.ts';
import type { Template } from './template.ts';
import type { UpstreamConf } from './upstream-conf.ts';

/** One `listen` of a server of `stream`. */
export type StreamListenConf = ListenConf & { readonly udp: boolean };

/** What a server does with its connections. */
export type StreamContent =
  /** `to`: the name of a group or an address. */
  | { readonly kind: 'proxy'; readonly to: Template }
  | { readonly kind: 'return'; readonly text: Template }
  /** `to`: the address of another `listen`, of `stream` or of `http`. */
  | { readonly kind: 'pass'; readonly to: Template };

/** `set $variable value`. */
export type StreamSet = { readonly variable: string; readonly value: Template };

/** A TLV of a PROXY protocol header of version 2: its type, 0 to 255, and its value. */
export type ProxyProtocolTlv = { readonly type: number; readonly value: Template };

/** How connections go to other servers. Times in milliseconds, sizes in bytes. */
export interface StreamProxyConf {
  readonly proxyConnectTimeout: number;
  /** How long both directions may be silent together. */
  readonly proxyTimeout: number;
  readonly proxyBind: Template;
  readonly proxyBufferSize: number;
  /** Bytes per second; 0 is any number. */
  readonly proxyUploadRate: Template;
  readonly proxyDownloadRate: Template;
  /** Datagrams of a client after which a new session begins; 0 is any number. */
  readonly proxyRequests: number;
  /** Datagrams that answer one of the client's; `undefined`: any number. */
  readonly proxyResponses: number | undefined;
  readonly proxyTriesNext: boolean;
  readonly proxyNextUpstreamTries: number;
  readonly proxyNextUpstreamTimeout: number;
  /** Version of the PROXY protocol that servers are told; 0: none. */
  readonly proxyProtocolOut: 0 | 1 | 2;
  readonly proxyHalfClose: boolean;
}

/** A `server` of `stream`, inherited settings included. */
export interface StreamServerConf extends StreamProxyConf, LogConf {
  readonly streamListens: readonly StreamListenConf[];
  readonly names: readonly ServerName[];
  readonly name: string;
  readonly streamContent: StreamContent | undefined;
  readonly sets: readonly StreamSet[];
  readonly accessRules: readonly AccessRuleConf[];
  /** Who may say, by the PROXY protocol, whom a connection is from. */
  readonly realIpFrom: readonly string[];
  readonly connectionLimits: readonly ConnectionLimitConf[];
  readonly connectionLimitLogLevel: LimitLogLevel;
  readonly connectionLimitDryRun: boolean;
  readonly tcpNodelay: boolean;
  readonly proxyProtocolTimeout: number;
  readonly resolver: ResolverConf | undefined;
  readonly resolverTimeout: number;
}

/** `stream { … }`. */
export interface StreamConf extends LookupConf {
  readonly servers: readonly StreamServerConf[];
  readonly logFormats: readonly LogFormat[];
  readonly upstreams: readonly UpstreamConf[];
  readonly connectionZones: readonly ConnectionZoneConf[];
  /** Names of groups in all regular expressions: each is a variable. */
  readonly captureNames: readonly string[];
  /** Relative paths of logs and the like begin here; ends with a slash. */
  readonly prefix: string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KIB = 1024;

/** A server that listens nowhere yet. */
export const STREAM_SERVER_DEFAULTS: StreamServerConf = {
  streamListens: [],
  names: [],
  name: '',
  streamContent: undefined,
  sets: [],
  accessRules: [],
  realIpFrom: [],
  connectionLimits: [],
  connectionLimitLogLevel: 'error',
  connectionLimitDryRun: false,
  tcpNodelay: true,
  proxyProtocolTimeout: 30 * SECOND,
  resolver: undefined,
  resolverTimeout: 30 * SECOND,
  proxyConnectTimeout: MINUTE,
  proxyTimeout: 10 * MINUTE,
  proxyBind: 'off',
  proxyBufferSize: 16 * KIB,
  proxyUploadRate: '0',
  proxyDownloadRate: '0',
  proxyRequests: 0,
  proxyResponses: undefined,
  proxyTriesNext: true,
  proxyNextUpstreamTries: 0,
  proxyNextUpstreamTimeout: 0,
  proxyProtocolOut: 0,
  proxyHalfClose: false,
  openLogCache: undefined,
  accessLogs: [],
  errorLogs: [],
};

/** No server. */
export const STREAM_DEFAULTS: StreamConf = {
  servers: [],
  logFormats: [],
  upstreams: [],
  connectionZones: [],
  ...LOOKUP_DEFAULTS,
  captureNames: [],
  prefix: '/',
};
