import type { Endpoint } from '../core/endpoint.ts';
import { HEAD_LIMITS, HEAD_RULES, type HeadLimits, type HeadRules } from '../http/head-limits.ts';
import { SERVER_TIMEOUTS, type ServerTimeouts } from '../http/server-options.ts';
import type { RetryCondition } from './upstream/upstream-config.ts';

/** Where requests go: the servers of one group, taken in turn. */
export type UpstreamConfig = {
  /** What the `Host` field of a forwarded request says. */
  readonly authority: string;
  /** Addresses of the servers, or a name that is looked up, and looked up again. */
  readonly servers: readonly Endpoint[] | NamedServer;
  /** Idle connections that are kept, for all servers together. */
  readonly idleMax: number;
  /** Servers that one request may try. */
  readonly triesMax: number;
  /** What a request is repeated for at another server. */
  readonly retryOn: readonly RetryCondition[];
  readonly timeouts: UpstreamTimeouts;
  /** Exchanges after which a connection to a server is closed. */
  readonly requestsMax: number;
};

export type NamedServer = { readonly name: string; readonly port: number };

/** How long the proxy waits for a server, in milliseconds. */
export type UpstreamTimeouts = {
  readonly connectMs: number;
  /** For a server to take what one write sends. */
  readonly sendMs: number;
  /** Between two reads of a response; also until its first byte. */
  readonly readMs: number;
  /** How long a connection is kept without a request. */
  readonly idleMs: number;
};

/** What a proxy does, as data: a program writes it by hand, `src/config` compiles it. */
export type ProxyConfig = {
  readonly upstream: UpstreamConfig;
  readonly timeouts: ServerTimeouts;
  readonly headLimits: HeadLimits;
  /** For heads of requests. */
  readonly headRules: HeadRules;
  /** Forwards 103 (Early Hints) to clients of HTTP/1.1. */
  readonly earlyHints: boolean;
  /** Requests after which a client's connection is closed. */
  readonly requestsMax: number;
  /** Largest body of a request, in bytes. */
  readonly bodyBytesMax: number;
  /** Appends the client's address to X-Forwarded-For. */
  readonly forwardedFor: boolean;
};

export const UPSTREAM_TIMEOUTS: UpstreamTimeouts = {
  connectMs: 10_000,
  sendMs: 60_000,
  readMs: 60_000,
  idleMs: 60_000,
};

const IDLE_MAX = 32;
const TRIES_MAX = 3;
const RETRY_ON = ['error', 'timeout'] as const;
const UPSTREAM_REQUESTS_MAX = 1000;
const REQUESTS_MAX = 1000;
const BODY_BYTES_MAX = 1024 * 1024;

/** A partial configuration, filled up with the defaults, which are nginx's where it has them. */
export function proxyConfig(
  options: Partial<Omit<ProxyConfig, 'upstream'>> & {
    readonly upstream: Pick<UpstreamConfig, 'authority' | 'servers'> & Partial<UpstreamConfig>;
  },
): ProxyConfig {
  const { upstream, ...rest } = options;
  return {
    timeouts: SERVER_TIMEOUTS,
    headLimits: HEAD_LIMITS,
    headRules: HEAD_RULES,
    earlyHints: false,
    requestsMax: REQUESTS_MAX,
    bodyBytesMax: BODY_BYTES_MAX,
    forwardedFor: true,
    ...rest,
    upstream: {
      idleMax: IDLE_MAX,
      triesMax: TRIES_MAX,
      retryOn: RETRY_ON,
      requestsMax: UPSTREAM_REQUESTS_MAX,
      timeouts: UPSTREAM_TIMEOUTS,
      ...upstream,
    },
  };
}
