import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type ServerOptions as TlsServerOptions } from 'node:https';
import type { Stream } from 'node:stream';
import type { TlsMaterial } from './tls-material.ts';

/** Where requests go, in parts; what is absent is taken from the protocol. */
export type TargetParts = TlsMaterial & {
  readonly protocol?: string | null | undefined;
  readonly host?: string | null | undefined;
  readonly hostname?: string | null | undefined;
  readonly port?: number | string | null | undefined;
  /** Put in front of the request's path, query included. */
  readonly path?: string | null | undefined;
  readonly pathname?: string | null | undefined;
  /** A UNIX socket, instead of host and port. */
  readonly socketPath?: string | undefined;
};

/** A URL as text or taken apart. */
export type ProxyTarget = string | URL | TargetParts;

/** One value for all, or by the old value, with `*` for every other; an empty one removes it. */
export type CookieRewrite = false | string | Readonly<Record<string, string>>;

/** The options of `http-proxy`, as its documentation names them. */
export type ServerOptions = TlsMaterial & {
  target?: ProxyTarget | undefined;
  /** Gets a copy of every request; its answers are dropped. */
  forward?: ProxyTarget | undefined;
  /**
   * `false` opens a connection for each request. A plain agent of Node's says how TLS is done,
   * and no more: connections are kept in a pool of our own. Any other is refused.
   */
  agent?: unknown;
  /** For `listen`: serves HTTPS. */
  ssl?: TlsServerOptions | undefined;
  /** For `listen`: proxies upgrades, too. */
  ws?: boolean | undefined;
  /** Adds `X-Forwarded-For`, `-Port`, `-Proto` and `-Host`. */
  xfwd?: boolean | undefined;
  /** `false`: any certificate of the target will do. */
  secure?: boolean | undefined;
  /** Passes the URL on as it came, for targets that are proxies. */
  toProxy?: boolean | undefined;
  /** Puts the target's path in front of the request's; the default. */
  prependPath?: boolean | undefined;
  ignorePath?: boolean | undefined;
  localAddress?: string | undefined;
  /** Sends the target's name as `Host`. */
  changeOrigin?: boolean | undefined;
  preserveHeaderKeyCase?: boolean | undefined;
  /** `user:password`. */
  auth?: string | undefined;
  hostRewrite?: string | undefined;
  autoRewrite?: boolean | undefined;
  protocolRewrite?: string | undefined;
  cookieDomainRewrite?: CookieRewrite | undefined;
  cookiePathRewrite?: CookieRewrite | undefined;
  headers?: Readonly<Record<string, string | number | readonly string[] | undefined>> | undefined;
  method?: string | undefined;
  /** For the target to go on, in milliseconds. */
  proxyTimeout?: number | undefined;
  /** For the client's connection to be idle, in milliseconds. */
  timeout?: number | undefined;
  followRedirects?: boolean | undefined;
  selfHandleResponse?: boolean | undefined;
  /** The body, a readable stream, where somebody has read the request's already. */
  buffer?: Stream | undefined;
};

/** Refuses what cannot be done as it is asked for, before anything is sent. */
export function checkOptions(options: ServerOptions): void {
  if (options.followRedirects) {
    throw new TypeError('followRedirects is not supported: redirects go to the client');
  }
  const { agent } = options;
  if (agent === undefined || agent === null || agent === false) return;
  const prototype: unknown = Object.getPrototypeOf(agent);
  if (prototype !== HttpAgent.prototype && prototype !== HttpsAgent.prototype) {
    throw new TypeError(
      'agent is not supported, unless it is a plain one of node:http or node:https: connections are pooled here',
    );
  }
}

/** `given` over `defaults`, as for one request. */
export function mergeOptions(
  defaults: ServerOptions,
  given: ServerOptions | undefined,
): ServerOptions {
  if (given === undefined || given === null) return defaults;
  const merged = { ...defaults, ...given };
  checkOptions(merged);
  return merged;
}
