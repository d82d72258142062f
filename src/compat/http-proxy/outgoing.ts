import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Destination } from './connections.ts';
import { HeaderList } from './header-list.ts';
import type { ServerOptions } from './options.ts';
import { joinPaths, pathOf } from './request-path.ts';
import { readTarget, type Target } from './target.ts';
import { agentTls, type TlsOptions, tlsMaterial } from './tls-material.ts';

/** Fields that are meant for one connection (RFC 9110 §7.6.1), and what the server has answered. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** One request as it will go to a target. */
export type Outgoing = {
  readonly target: Target;
  readonly destination: Destination;
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  /** The body's length is not known: it goes in chunks, unless a length is set. */
  readonly chunked: boolean;
};

/** Is the field for one connection alone? `nominated`: the names in its message's `Connection`. */
export function isForOneConnection(key: string, nominated: readonly string[]): boolean {
  return NOT_FORWARDED.has(key) || nominated.includes(key);
}

/** The names in a `Connection` field, in lower case. */
export function nominatedBy(connection: string | undefined): string[] {
  return connection?.toLowerCase().split(/\s*,\s*/) ?? [];
}

/** What `req` becomes for `options.target`, or for `options.forward`. */
export function outgoing(
  req: IncomingMessage,
  options: ServerOptions,
  which: 'target' | 'forward',
  forwarded: 'http' | 'ws',
): Outgoing {
  const target = readTarget(options[which] as NonNullable<ServerOptions['target']>);
  const headers = forwardedHeaders(req);
  const chunked = req.headers['transfer-encoding'] !== undefined;
  if (chunked) headers.remove('content-length');
  else if (/^(?:DELETE|OPTIONS)$/.test(req.method ?? '') && !headers.has('content-length')) {
    headers.set('content-length', '0');
  }
  if (options.xfwd === true) addForwarded(headers, req, forwarded);
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers.set(name, value);
  }
  if (options.auth && !headers.has('authorization')) {
    headers.set('authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`);
  }
  if (options.changeOrigin === true || !headers.has('host')) headers.set('host', target.host);
  return {
    target,
    destination: destinationOf(target, options),
    method: options.method ?? req.method ?? 'GET',
    path: outgoingPath(req, target, options),
    headers,
    chunked,
  };
}

/** `req.headers` rather than what came: users change it before they proxy. */
function forwardedHeaders(req: IncomingMessage): HeaderList {
  const headers = new HeaderList();
  const nominated = nominatedBy(req.headers.connection);
  for (const [key, value] of Object.entries(req.headers)) {
    const pseudo = key.startsWith(':');
    if (value === undefined || pseudo || isForOneConnection(key.toLowerCase(), nominated)) continue;
    headers.set(key, value);
  }
  // HTTP/2 has the name in a pseudo-field (RFC 9113 §8.3.1).
  const authority = req.headers[':authority'];
  if (typeof authority === 'string' && !headers.has('host')) headers.set('host', authority);
  return headers;
}

function outgoingPath(req: IncomingMessage, target: Target, options: ServerOptions): string {
  const url = req.url ?? '/';
  const prefix = options.prependPath === false ? '' : target.path;
  let own = '';
  if (options.ignorePath !== true) own = options.toProxy === true ? url : pathOf(url);
  return joinPaths(pathOf(prefix), own) || '/';
}

function addForwarded(headers: HeaderList, req: IncomingMessage, kind: 'http' | 'ws'): void {
  const encrypted = 'encrypted' in req.socket && req.socket.encrypted === true;
  const port = /:(\d+)$/.exec(req.headers.host ?? '')?.[1] ?? (encrypted ? '443' : '80');
  const values = [
    ['for', req.socket.remoteAddress ?? ''],
    ['port', port],
    ['proto', encrypted ? `${kind}s` : kind],
  ] as const;
  for (const [name, value] of values) {
    const before = headers.get(`x-forwarded-${name}`);
    headers.set(`x-forwarded-${name}`, before ? `${before},${value}` : value);
  }
  if (kind === 'http' && !headers.get('x-forwarded-host')) {
    headers.set('x-forwarded-host', headers.get('host') ?? '');
  }
}

function destinationOf(target: Target, options: ServerOptions): Destination {
  const { hostname, port, socketPath } = target;
  return {
    hostname,
    port,
    socketPath,
    localAddress: options.localAddress,
    tls: target.secure ? tlsOf(target, options) : undefined,
    readMs: options.proxyTimeout || Number.POSITIVE_INFINITY,
    keeps: options.agent !== false,
  };
}

function tlsOf(target: Target, options: ServerOptions): TlsOptions {
  const fromAgent = agentTls(options.agent);
  const secure = options.secure ?? fromAgent.rejectUnauthorized !== false;
  return {
    ...tlsMaterial(target.given, options, fromAgent),
    rejectUnauthorized: secure !== false,
    servername: serverName(target, options, fromAgent.servername),
  };
}

/** What the operator says, never what a client does: a certificate is checked for this name. */
function serverName(target: Target, options: ServerOptions, agents: unknown): string {
  if (typeof agents === 'string') return agents;
  const set = Object.entries(options.headers ?? {}).find(([name]) => /^host$/i.test(name))?.[1];
  const name = set === undefined ? target.hostname : String(set).replace(/:\d+$/, '');
  return isIP(name) === 0 ? name : '';
}
