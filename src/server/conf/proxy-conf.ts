import type { Template } from './template.ts';

/** When another server is tried: `proxy_next_upstream`. */
export type NextUpstream =
  | 'error'
  | 'timeout'
  | 'invalid_header'
  | 'non_idempotent'
  | 'denied'
  | 'http_403'
  | 'http_404'
  | 'http_429'
  | 'http_500'
  | 'http_502'
  | 'http_503'
  | 'http_504';

/** Where requests go: as it is written, or what variables make of it. */
export type ProxyPass = {
  /** The whole URL. */
  readonly url: Template;
  /** What is left once the scheme is gone, where there are no variables. */
  readonly target:
    | {
        readonly scheme: 'http' | 'https';
        /** `host:port`, `unix:/path` or the name of a group. */
        readonly authority: string;
        /** Takes the place of the location's path; '' for none. */
        readonly uri: string;
      }
    | undefined;
};

/** `proxy_redirect from to`; with a regular expression, `to` has its captures. */
export type ProxyRedirect = { readonly from: Template | RegExp; readonly to: Template };

/** `proxy_cookie_flags cookie flag …`; a regular expression is matched against the cookie's name. */
export type CookieFlags = {
  readonly cookie: Template | RegExp;
  readonly flags: readonly Template[];
};

/** Where the body of an answer is kept: at the path of its URI, or of this file. */
export type ProxyStore = 'off' | 'uri' | { readonly path: Template };

/** What `proxy_pass` does in a location. Times in milliseconds, sizes in bytes. */
export interface ProxyConf {
  readonly proxyPass: ProxyPass | undefined;
  readonly proxyHttpVersion: '1.0' | '1.1' | '2';
  readonly proxySetHeaders: readonly { readonly name: string; readonly value: Template }[];
  readonly proxyHideHeaders: readonly string[];
  readonly proxyPassHeaders: readonly string[];
  readonly proxyIgnoreHeaders: readonly string[];
  readonly proxyMethod: Template | undefined;
  readonly proxySetBody: Template | undefined;
  readonly proxyPassRequestHeaders: boolean;
  readonly proxyPassRequestBody: boolean;
  readonly proxyPassTrailers: boolean;
  readonly proxyConnectTimeout: number;
  readonly proxySendTimeout: number;
  readonly proxyReadTimeout: number;
  readonly proxyBuffering: boolean;
  readonly proxyRequestBuffering: boolean;
  readonly proxyBufferSize: number;
  readonly proxyBuffers: { readonly number: number; readonly size: number };
  readonly proxyBusyBuffersSize: number;
  readonly proxyMaxTempFileSize: number;
  readonly proxyTempPath: string;
  readonly proxyInterceptErrors: boolean;
  readonly proxyNextUpstream: readonly NextUpstream[];
  readonly proxyNextUpstreamTries: number;
  readonly proxyNextUpstreamTimeout: number;
  /** An address to connect from; 'off' for any. */
  readonly proxyBind: Template;
  /** `default`: back from the URL of `proxy_pass` to the location. */
  readonly proxyRedirects: readonly (ProxyRedirect | 'default')[];
  readonly proxyCookieDomains: readonly ProxyRedirect[];
  readonly proxyCookiePaths: readonly ProxyRedirect[];
  readonly proxyCookieFlags: readonly CookieFlags[];
  readonly proxyIgnoreClientAbort: boolean;
  readonly proxyForceRanges: boolean;
  readonly proxyLimitRate: Template;
  readonly proxyStore: ProxyStore;
  /** Rights of files that are kept; directories made for them can be entered by who may read. */
  readonly proxyStoreAccess: number;
}

const KIB = 1024;
const MINUTE = 60_000;

export const PROXY_DEFAULTS: ProxyConf = {
  proxyPass: undefined,
  proxyHttpVersion: '1.1',
  proxySetHeaders: [],
  proxyHideHeaders: [],
  proxyPassHeaders: [],
  proxyIgnoreHeaders: [],
  proxyMethod: undefined,
  proxySetBody: undefined,
  proxyPassRequestHeaders: true,
  proxyPassRequestBody: true,
  proxyPassTrailers: false,
  proxyConnectTimeout: MINUTE,
  proxySendTimeout: MINUTE,
  proxyReadTimeout: MINUTE,
  proxyBuffering: true,
  proxyRequestBuffering: true,
  proxyBufferSize: 4 * KIB,
  proxyBuffers: { number: 8, size: 4 * KIB },
  proxyBusyBuffersSize: 8 * KIB,
  proxyMaxTempFileSize: KIB ** 3,
  proxyTempPath: 'proxy_temp',
  proxyInterceptErrors: false,
  proxyNextUpstream: ['error', 'timeout'],
  proxyNextUpstreamTries: 0,
  proxyNextUpstreamTimeout: 0,
  proxyBind: 'off',
  proxyRedirects: ['default'],
  proxyCookieDomains: [],
  proxyCookiePaths: [],
  proxyCookieFlags: [],
  proxyIgnoreClientAbort: false,
  proxyForceRanges: false,
  proxyLimitRate: '0',
  proxyStore: 'off',
  proxyStoreAccess: 0o600,
};
