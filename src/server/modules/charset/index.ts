import { type BodyFilter, type BodyNext, type Piece, pieceText } from '../../engine/body-filter.ts';
import { typeMatcher } from '../../engine/content-types.ts';
import type { Location } from '../../engine/location.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { HeaderFilter } from '../../engine/verdict.ts';
import { type Recoder, type RecoderFactory, recodersOf } from './recoders.ts';

/** `charset`: what an answer is written in is said, and may be changed. */
export const charsetModule: HttpModule = {
  name: 'charset',
  location(location, site) {
    const { charset, sourceCharset } = location.conf;
    const hasMaps = site.conf.charsetMaps.length > 0;
    if (charset === undefined && sourceCharset === undefined && !hasMaps) return;
    location.headerFilters.push(filterOf(location, site));
  },
};

function filterOf({ conf }: Location, site: Site): HeaderFilter {
  const { charset, sourceCharset, overrideCharset, charsetTypes } = conf;
  const isMeant = typeMatcher(charsetTypes);
  const wanted = charset === undefined ? undefined : site.template(charset);
  const source = sourceCharset === undefined ? undefined : site.template(sourceCharset);
  const recoders = recodersFor(site);
  const names = new Set(site.conf.charsetMaps.flatMap((map) => [map.source, map.target]));
  for (const name of [charset, sourceCharset]) {
    if (typeof name === 'string') names.add(name.toLowerCase());
  }
  const known = (request: Request, name: string): string => {
    if (names.has(name.toLowerCase())) return name;
    request.log('error', `unknown charset "${name}" to override`);
    return '';
  };
  const target = (request: Request): string => {
    const { out } = request;
    if (request.isSubrequest) return charsetOf(request.subrequests?.main.out ?? out);
    if (out.contentType === '') return '';
    if (out.charsetInstead !== '') return known(request, out.charsetInstead);
    if (wanted === undefined) return '';
    const isMine = charsetOf(out) === '' ? isMeant(out.contentType) : overrideCharset;
    return isMine ? wanted(request) : '';
  };
  return (request) => {
    const to = target(request);
    if (to === '') return;
    const from = charsetOf(request.out) || (source?.(request) ?? '');
    if (from === '' || from.toLowerCase() === to.toLowerCase()) say(request, to);
    else recode(request, from, to, recoders);
  };
}

const KEY = Symbol('recoders');

function recodersFor({ parts, conf }: Site): ReadonlyMap<string, RecoderFactory> {
  let known = parts.get(KEY) as ReadonlyMap<string, RecoderFactory> | undefined;
  if (known === undefined) {
    known = recodersOf(conf.charsetMaps);
    parts.set(KEY, known);
  }
  return known;
}

/** What is said of the answer already; '' for nothing. */
function charsetOf({ charset, contentType }: Request['out']): string {
  if (charset !== '') return charset;
  return /;\s*charset="?([^";]*)/i.exec(contentType)?.[1]?.trim() ?? '';
}

/** Old browsers took the set of a redirect for that of the next page. */
const UNSAID = new Set([301, 302]);

function say(request: Request, charset: string): void {
  if (request.isSubrequest) return;
  const { out } = request;
  out.contentType = out.contentType.replace(/\s*;\s*charset=[^;]*/i, '');
  out.charset = UNSAID.has(out.status) ? '' : charset;
}

function recode(
  request: Request,
  from: string,
  to: string,
  recoders: ReadonlyMap<string, RecoderFactory>,
): void {
  const { out } = request;
  if (out.contentEncoding !== '') return;
  const factory = recoders.get(`${from.toLowerCase()} ${to.toLowerCase()}`);
  if (factory === undefined) {
    request.log('error', `no "charset_map" between the charsets "${from}" and "${to}"`);
    return;
  }
  say(request, to);
  if (!factory.keepsLength && !request.isSubrequest) out.clearLength();
  request.filterBody((next) => new RecodeFilter(next, factory.make()));
}

class RecodeFilter implements BodyFilter {
  readonly #next: BodyNext;
  readonly #recoder: Recoder;

  constructor(next: BodyNext, recoder: Recoder) {
    this.#next = next;
    this.#recoder = recoder;
  }

  write(piece: Piece): void {
    this.#next.write(this.#recoder.take(pieceText(piece)));
  }

  end(): void {
    this.#next.write(this.#recoder.end());
    this.#next.end();
  }
}
