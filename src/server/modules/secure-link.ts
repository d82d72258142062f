import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { originForm } from '../../http/request-target.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { Location } from '../engine/location.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Evaluate } from '../engine/templates.ts';

const LINK = Symbol('secure link');
const MD5_BYTES = 16;
/** 16 bytes in base 64, with what may fill them up. */
const HASH_CHARS_MAX = 24;

/** `secure_link` and `secure_link_md5`, or the older `secure_link_secret`. */
type SignedLink = { readonly value: Evaluate; readonly text: Evaluate };
type Link = SignedLink | { readonly secret: string };

/** `$secure_link` and `$secure_link_expires`: links that somebody has signed. */
export const secureLinkModule: HttpModule = {
  name: 'secure link',
  variables: {
    secure_link: (request) => {
      const link = linkOf(request.location);
      if (link === undefined) return undefined;
      return 'secret' in link ? pathBehindHash(request, link.secret) : judge(request, link);
    },
    secure_link_expires: (request) => {
      const link = linkOf(request.location);
      if (link === undefined || 'secret' in link) return undefined;
      const [, expires] = split(link.value(request));
      return expires === undefined || expiryOf(expires) === undefined ? undefined : expires;
    },
  },
  location(location, site) {
    const { secureLink, secureLinkMd5, secureLinkSecret } = location.conf;
    if (secureLinkSecret !== undefined) {
      location.parts.set(LINK, { secret: secureLinkSecret } satisfies Link);
    } else if (secureLink !== undefined && secureLinkMd5 !== undefined) {
      const link: Link = { value: site.template(secureLink), text: site.template(secureLinkMd5) };
      location.parts.set(LINK, link);
    }
  },
};

function linkOf({ parts }: Location): Link | undefined {
  return parts.get(LINK) as Link | undefined;
}

/** The hash, and behind a comma the time when it expires. */
function split(value: string): readonly [string, string | undefined] {
  const comma = value.indexOf(',');
  return comma < 0 ? [value, undefined] : [value.slice(0, comma), value.slice(comma + 1)];
}

/** Seconds since 1970. */
function expiryOf(text: string): number | undefined {
  const seconds = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return seconds === 0 ? undefined : seconds;
}

/** `1`, or `0` for a link that has expired; `undefined` for one that is wrong. */
function judge(request: Request, link: SignedLink): string | undefined {
  const [hash, expires] = split(link.value(request));
  const expiry = expires === undefined ? Number.POSITIVE_INFINITY : expiryOf(expires);
  if (expiry === undefined || hash.length > HASH_CHARS_MAX) return undefined;
  if (!/^[A-Za-z0-9_-]*=*$/.test(hash)) return undefined;
  const given = Buffer.from(hash, 'base64url');
  const made = createHash('md5').update(link.text(request), 'latin1').digest();
  if (given.length !== MD5_BYTES || !timingSafeEqual(given, made)) return undefined;
  return expiry < Math.floor(request.site.clock.wallMs() / 1000) ? '0' : '1';
}

/** Of `/prefix/hash/path` the path, where the hash is that of the path and the secret. */
function pathBehindHash(request: Request, secret: string): string | undefined {
  const target = originForm((request.client as ServerConnection).head);
  const [, hash, path] = /^\/[^/]*\/([0-9a-fA-F]{32})\/(.+)$/s.exec(target) ?? [];
  if (hash === undefined || path === undefined) return undefined;
  const made = createHash('md5')
    .update(path + secret, 'latin1')
    .digest();
  return timingSafeEqual(Buffer.from(hash, 'hex'), made) ? path : undefined;
}
