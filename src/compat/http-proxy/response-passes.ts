import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CookieRewrite, ServerOptions } from './options.ts';
import { isForOneConnection, nominatedBy } from './outgoing.ts';
import type { Target } from './target.ts';

const REDIRECTS: ReadonlySet<number> = new Set([201, 301, 302, 307, 308]);
const LOCATION = /^([a-z][a-z0-9+.-]*:)\/\/([^/?#]*)(.*)$/is;

/** Makes `res` what the target has answered. `proxyRes` may have been changed by handlers. */
export function copyHead(
  req: IncomingMessage,
  res: ServerResponse,
  proxyRes: IncomingMessage,
  options: ServerOptions,
  target: Target,
): void {
  rewriteLocation(req, proxyRes, options, target);
  const caseOf = options.preserveHeaderKeyCase ? originalCase(proxyRes) : undefined;
  const nominated = nominatedBy(proxyRes.headers.connection);
  for (const [key, value] of Object.entries(proxyRes.headers)) {
    if (value === undefined || isForOneConnection(key.toLowerCase(), nominated)) continue;
    const name = (caseOf?.get(key) ?? key).trim();
    res.setHeader(name, key.toLowerCase() === 'set-cookie' ? cookies(value, options) : value);
  }
  res.statusCode = proxyRes.statusCode ?? 200;
  // HTTP/2 has no reason phrase (RFC 9113 §8.3.2).
  if (req.httpVersionMajor < 2 && proxyRes.statusMessage)
    res.statusMessage = proxyRes.statusMessage;
}

function originalCase({ rawHeaders }: IncomingMessage): Map<string, string> {
  const names = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    names.set(name.toLowerCase(), name);
  }
  return names;
}

/** Only where the target redirects to itself: whoever else it names is meant. */
function rewriteLocation(
  req: IncomingMessage,
  proxyRes: IncomingMessage,
  options: ServerOptions,
  target: Target,
): void {
  const { hostRewrite, autoRewrite, protocolRewrite } = options;
  const { location } = proxyRes.headers;
  if (!(hostRewrite || autoRewrite || protocolRewrite) || location === undefined) return;
  if (!REDIRECTS.has(proxyRes.statusCode ?? 0)) return;
  const [, protocol = '', authority = '', rest = ''] = LOCATION.exec(location) ?? [];
  const at = authority.lastIndexOf('@') + 1;
  const host = authority.slice(at).toLowerCase();
  if (host !== target.host.toLowerCase() && host !== `${target.hostname}:${target.port}`) return;
  let to = authority.slice(at);
  if (hostRewrite) to = hostRewrite;
  else if (autoRewrite) to = req.headers.host ?? to;
  const scheme = protocolRewrite ? `${protocolRewrite.replace(/:$/, '')}:` : protocol;
  const slash = rest.startsWith('/') ? '' : '/';
  proxyRes.headers.location = `${scheme}//${authority.slice(0, at)}${to}${slash}${rest}`;
}

function cookies(
  value: string | readonly string[],
  { cookieDomainRewrite, cookiePathRewrite }: ServerOptions,
): string | readonly string[] {
  const rewrite = (cookie: string) =>
    rewritten(rewritten(cookie, 'domain', cookieDomainRewrite), 'path', cookiePathRewrite);
  return typeof value === 'string' ? rewrite(value) : value.map(rewrite);
}

/** `''` removes the attribute. */
function rewritten(cookie: string, attribute: string, rewrite: CookieRewrite | undefined): string {
  if (rewrite === undefined || rewrite === false) return cookie;
  const rules = typeof rewrite === 'string' ? { '*': rewrite } : rewrite;
  const pattern = new RegExp(`(;\\s*${attribute}=)([^;]+)`, 'i');
  return cookie.replace(pattern, (all, start: string, old: string) => {
    const rule = Object.hasOwn(rules, old) ? rules[old] : rules['*'];
    if (rule === undefined) return all;
    return rule ? start + rule : '';
  });
}
