import type { ProxyTarget, TargetParts } from './options.ts';

/** A target, read: every part is there. */
export type Target = {
  /** `http:`, `https:`, `ws:` or `wss:`. */
  readonly protocol: string;
  readonly secure: boolean;
  /** Name or address without brackets; `''` for a UNIX socket. */
  readonly hostname: string;
  readonly port: number;
  /** As a `Host` field has it, without a port that the protocol implies. */
  readonly host: string;
  /** Path and query that go in front of a request's. */
  readonly path: string;
  readonly socketPath: string | undefined;
  /** For handlers: what the user gave, a text taken apart as `url.parse` does it. */
  readonly given: URL | TargetParts;
};

const SECURE = /^(?:https|wss)/;

/** Reads a target. Throws `TypeError` for what is none. */
export function readTarget(given: ProxyTarget): Target {
  if (typeof given === 'string') return fromUrl(parseUrl(given));
  if (given instanceof URL) return fromUrl(given, given);
  return fromParts(given);
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new TypeError(`'${text}' is no URL to proxy to`, { cause });
  }
}

function fromUrl(url: URL, given: URL | TargetParts = partsOf(url)): Target {
  if (url.hostname === '') throw new TypeError(`'${url.href}' names no host to proxy to`);
  const { protocol } = url;
  const secure = SECURE.test(protocol);
  const port = Number(url.port || (secure ? 443 : 80));
  const hostname = unbracketed(url.hostname);
  const path = url.pathname + url.search;
  return {
    protocol,
    secure,
    hostname,
    port,
    host: hostOf(hostname, port, secure),
    path,
    socketPath: undefined,
    given,
  };
}

function partsOf(url: URL): TargetParts & Readonly<Record<string, unknown>> {
  const { protocol, host, hostname, port, pathname, search, href, hash } = url;
  const own = { search: search || null, query: search.slice(1) || null, hash: hash || null, href };
  return {
    protocol,
    host,
    hostname,
    port: port || null,
    pathname,
    path: pathname + search,
    ...own,
  };
}

/** Parts as users write them, or as `url.parse` gives them: `host` may have the port, too. */
function fromParts(parts: TargetParts): Target {
  const protocol = parts.protocol ?? 'http:';
  const secure = SECURE.test(protocol);
  const [, name = '', inHost] = /^(.*?)(?::(\d+))?$/s.exec(parts.host ?? '') ?? [];
  const isIp6 =
    parts.host?.includes(':') === true && !parts.host.startsWith('[') && /:.*:/.test(parts.host);
  const hostname = unbracketed(parts.hostname || (isIp6 ? parts.host : name) || '');
  const port = Number(parts.port || (isIp6 ? undefined : inHost) || (secure ? 443 : 80));
  const { socketPath } = parts;
  const nowhere = hostname === '' && socketPath === undefined && !parts.port;
  if (nowhere || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError('a target needs a host and a port, or a socketPath');
  }
  const there = hostname === '' ? 'localhost' : hostname;
  return {
    protocol,
    secure,
    hostname: socketPath === undefined ? there : '',
    port,
    host: hostOf(there, port, secure),
    path: parts.path ?? parts.pathname ?? '',
    socketPath,
    given: parts,
  };
}

function unbracketed(hostname: string): string {
  return hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname;
}

function hostOf(hostname: string, port: number, secure: boolean): string {
  const name = hostname.includes(':') ? `[${hostname}]` : hostname;
  return port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}
