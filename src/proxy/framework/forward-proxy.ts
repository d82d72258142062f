import { Buffer } from 'node:buffer';
import { ProxyError } from '../proxy-error.ts';
import { type Awaitable, type Reply, reply } from './messages.ts';
import type { Peer } from './peers.ts';
import { definePlugin, type Plugin } from './phases.ts';
import type { SessionBase } from './session-base.ts';
import { isThenable } from './thenable.ts';

/** Where a client of a forward proxy wants to go. */
export type Destination = {
  /** In lower case; an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
};

export type ForwardProxyOptions = {
  /**
   * Which destinations clients may reach; there is no default, as a proxy that reaches everything
   * also reaches what is behind it. A name is not looked up yet: see `allowAddress`.
   */
  readonly allow: (destination: Destination, session: SessionBase) => Awaitable<boolean>;
  /**
   * Which addresses a name that is allowed may stand for: whoever answers for it could point it at
   * what is behind the proxy. Asked when there is a connection, before anything is sent on it.
   */
  readonly allowAddress?: (
    address: string,
    destination: Destination,
    session: SessionBase,
  ) => Awaitable<boolean>;
  /** Asks clients who they are (RFC 7617); compare in constant time. */
  readonly auth?: {
    readonly realm: string;
    readonly check: (user: string, password: string, session: SessionBase) => Awaitable<boolean>;
  };
};

/** What the plugin adds to the context: `undefined` for a request that is for this server itself. */
export type ForwardContext = { readonly forwardTo: Destination | undefined };

const ABSOLUTE = /^(https?):\/\/([^/?]*)/i;
const AUTHORITY = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{0,5}))?$/;
const REALM = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;
const PORTS = { http: 80, https: 443 } as const;
const PORT_MAX = 65_535;

/**
 * Makes a proxy one that clients are configured to use: CONNECT opens a tunnel, and a request with an
 * absolute target goes where that says. Other requests are left to what else the proxy does.
 */
export function forwardProxy(
  options: ForwardProxyOptions,
): Plugin<Record<never, never>, ForwardContext> {
  const { allow, allowAddress, auth } = options;
  if (auth !== undefined && !REALM.test(auth.realm)) {
    throw new TypeError('forwardProxy: a realm has printable ASCII without " and \\');
  }
  return definePlugin<ForwardContext>({
    name: 'forwardProxy',
    context: (session) => ({ forwardTo: destinationOf(session) }),
    phases: {
      requestFilter(session) {
        const { forwardTo } = session.ctx;
        if (forwardTo === undefined) return undefined;
        if (auth === undefined) return admit(allow, forwardTo, session);
        return after(isKnown(auth, session), (known) =>
          known ? admit(allow, forwardTo, session) : challenge(auth.realm),
        );
      },
      upstreamPeer({ ctx, kind }): Peer | undefined {
        if (ctx.forwardTo === undefined) return undefined;
        const { host, port } = ctx.forwardTo;
        return { host, port, tunnel: kind === 'connect' };
      },
      connected(session, { peer }) {
        const { forwardTo } = session.ctx;
        if (allowAddress === undefined || forwardTo === undefined) return undefined;
        return after(allowAddress(peer.host, forwardTo, session), (allowed) => {
          if (allowed) return;
          const cause = new Error(`'${forwardTo.host}' is ${peer.host}, which is not allowed`);
          throw new ProxyError('NoUpstream', 'internal', cause, 403);
        });
      },
      upstreamRequestFilter({ ctx }, up) {
        // For this proxy, and for none behind it (RFC 9110 §11.7.2).
        if (ctx.forwardTo !== undefined) up.headers.delete('proxy-authorization');
      },
    },
  });
}

function destinationOf({ kind, req }: SessionBase): Destination | undefined {
  const [, scheme = 'https', authority = ''] =
    kind === 'connect' ? ['', 'https', req.target] : (ABSOLUTE.exec(req.target) ?? []);
  if (authority === '') return undefined;
  const known = scheme.toLowerCase() === 'http' ? 'http' : 'https';
  const [, host = '', digits = ''] = AUTHORITY.exec(authority) ?? [];
  const port = digits === '' ? PORTS[known] : Number(digits);
  return { host: host.toLowerCase(), port, scheme: known };
}

function admit(
  allow: ForwardProxyOptions['allow'],
  to: Destination,
  session: SessionBase,
): Awaitable<Reply | undefined> {
  if (to.host === '' || to.port === 0 || to.port > PORT_MAX) return reply(400, 'no such host\n');
  if (session.kind !== 'connect' && to.scheme === 'https') {
    return reply(501, 'https is reached by CONNECT\n');
  }
  return after(allow(to, session), (allowed) =>
    allowed ? undefined : reply(403, 'this destination is not allowed\n'),
  );
}

/** Basic credentials: user and password, parted by the first colon, in base64. */
function isKnown(
  { check }: NonNullable<ForwardProxyOptions['auth']>,
  session: SessionBase,
): Awaitable<boolean> {
  const given = session.req.headers.getAll('proxy-authorization');
  const coded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(given[0] ?? '')?.[1];
  if (given.length !== 1 || coded === undefined) return false;
  const text = Buffer.from(coded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon >= 0 && check(text.slice(0, colon), text.slice(colon + 1), session);
}

function challenge(realm: string): Reply {
  const field = `Basic realm="${realm}", charset="UTF-8"`;
  return reply(407, 'who are you?\n', { 'Proxy-Authenticate': field });
}

/** Goes on at once where nothing has to be waited for. */
function after<V, R>(value: Awaitable<V>, then: (value: V) => Awaitable<R>): Awaitable<R> {
  return isThenable(value) ? (value as Promise<V>).then(then) : then(value as V);
}
