import { CONTENT_LENGTH, isHopByHop, TRAILER, UPGRADE } from '../../../http/field-names.ts';
import type { MessageHead } from '../../../http/message-head.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import { parseHttpDate } from '../../engine/http-date.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { CookieRules } from './cookies.ts';
import { NameTable } from './name-table.ts';
import { redirectRules } from './redirects.ts';
import { firstOf, type ValueRule } from './value-rules.ts';

/** Not passed on unless `proxy_pass_header` says so. */
const HIDDEN = [
  'date',
  'server',
  'x-pad',
  'x-accel-expires',
  'x-accel-redirect',
  'x-accel-limit-rate',
  'x-accel-buffering',
  'x-accel-charset',
];

/** What becomes of a field: `line` is all of it, to be added to ours where it is passed on. */
type Take = (request: Request, value: string, line: string) => void;

const hide: Take = () => {};

/** What may be said once: the first one counts. */
function once(name: string): Take {
  return ({ out }, _, line) => {
    if (out.get(name) === undefined) out.lines.push(line);
  };
}

/** Fields that mean something to us, besides what they mean to the client. */
const TAKEN: readonly (readonly [string, Take])[] = [
  [
    'content-type',
    ({ out }, value) => {
      if (out.contentType === '') out.contentType = value;
    },
  ],
  [
    'last-modified',
    ({ out }, value) => {
      if (out.lastModifiedText !== '') return;
      out.lastModifiedText = value;
      out.lastModified = parseHttpDate(value) ?? -1;
    },
  ],
  [
    'etag',
    ({ out }, value, line) => {
      if (out.etag !== '') return;
      out.etag = value;
      out.lines.push(line);
    },
  ],
  ['expires', once('expires')],
  ['location', once('location')],
  ['refresh', once('refresh')],
  [
    'content-encoding',
    ({ out }, value, line) => {
      out.contentEncoding = value;
      out.lines.push(line);
    },
  ],
];

/** What a location that an X-Accel-Redirect leads to keeps of the answer that had it. */
const KEPT = [
  'content-type',
  'set-cookie',
  'content-disposition',
  'cache-control',
  'expires',
  'accept-ranges',
];

/** Names, in lower case, of what is not passed on. */
export function hiddenNames(conf: LocationConf): Set<string> {
  const hidden = new Set([...HIDDEN, ...conf.proxyHideHeaders.map((name) => name.toLowerCase())]);
  for (const name of conf.proxyPassHeaders) hidden.delete(name.toLowerCase());
  return hidden;
}

/** Takes the head of a server's answer over into ours. */
export class ResponseFields {
  readonly #table: NameTable<Take>;
  readonly #kept: NameTable<Take>;
  readonly #passesTrailers: boolean;
  /** Nothing of ours stands in for these two, be there such a field or not. */
  readonly #passesServer: boolean;
  readonly #passesDate: boolean;

  constructor(conf: LocationConf, site: Site) {
    const hidden = hiddenNames(conf);
    const known: (readonly [string, Take])[] = [...TAKEN, ...rewriting(conf, site)];
    if (conf.proxyForceRanges) known.push(['accept-ranges', hide]);
    this.#table = new NameTable([...known, ...[...hidden].map((name) => [name, hide] as const)]);
    const keep: Take = ({ out }, _, line) => {
      out.lines.push(line);
    };
    const takes = new Map(known);
    this.#kept = new NameTable(KEPT.map((name) => [name, takes.get(name) ?? keep] as const));
    this.#passesTrailers = conf.proxyPassTrailers;
    this.#passesServer = !hidden.has('server');
    this.#passesDate = !hidden.has('date');
  }

  copy(request: Request, head: MessageHead): void {
    const { out } = request;
    const { status, reason, fieldCount, text } = head;
    out.status = status;
    out.statusText = reason === '' ? `${status} ` : `${status} ${reason}`;
    out.contentLength = head.framing === 'length' ? head.contentLength : -1;
    request.hasOwnServer = this.#passesServer;
    request.hasOwnDate = this.#passesDate;
    const { lines } = out;
    for (let index = 0; index < fieldCount; index += 1) {
      const id = head.fieldId(index);
      if (id === CONTENT_LENGTH) {
        // Of an answer without a body, it says how long the body would be.
        if (head.framing === 'none') out.contentLength = head.contentLength;
        continue;
      }
      if (isHopByHop(id) && !this.#passes(id, status)) continue;
      if (head.nominated !== undefined && status !== 101 && head.isNominated(index)) continue;
      const take = this.#table.find(head, index);
      if (take === hide) continue;
      const line = text.slice(head.lineStart(index), head.lineStart(index + 1));
      if (take === undefined) lines.push(line);
      else take(request, head.fieldValue(index), line);
    }
  }

  /** What is said between two, and yet for the client: a new protocol, and names of trailers. */
  #passes(id: number, status: number): boolean {
    return id === UPGRADE ? status === 101 : id === TRAILER && this.#passesTrailers;
  }

  /** How a client is to say who it is: for an error page in the place of this answer. */
  copyChallenges({ out }: Request, head: MessageHead): void {
    for (let index = 0; index < head.fieldCount; index += 1) {
      if (!head.isNamed(index, 'www-authenticate')) continue;
      out.lines.push(head.text.slice(head.lineStart(index), head.lineStart(index + 1)));
    }
  }

  /** Only what outlasts an X-Accel-Redirect. */
  copyKept(request: Request, head: MessageHead): void {
    for (let index = 0; index < head.fieldCount; index += 1) {
      const take = this.#kept.find(head, index);
      if (take === undefined) continue;
      const line = head.text.slice(head.lineStart(index), head.lineStart(index + 1));
      take(request, head.fieldValue(index), line);
    }
  }
}

function rewriting(conf: LocationConf, site: Site): (readonly [string, Take])[] {
  const rules = redirectRules(conf, site);
  const known: (readonly [string, Take])[] = [];
  if (rules.length > 0) {
    known.push(['location', (request, value, line) => takeLocation(request, value, line, rules)]);
    known.push(['refresh', (request, value, line) => takeRefresh(request, value, line, rules)]);
  }
  const cookies = new CookieRules(conf, site);
  if (!cookies.isEmpty) {
    known.push(['set-cookie', (request, value, line) => takeCookie(request, value, line, cookies)]);
  }
  return known;
}

/** A path that a rule has made becomes a URL as ours do; what no rule changes is passed on. */
function takeLocation(
  request: Request,
  value: string,
  line: string,
  rules: readonly ValueRule[],
): void {
  const { out } = request;
  if (out.location !== '' || out.get('location') !== undefined) return;
  const changed = firstOf(rules, request, value);
  if (changed === undefined) out.lines.push(line);
  else if (changed.startsWith('/') && request.location.conf.absoluteRedirect) {
    out.location = changed;
  } else out.lines.push(withValue(line, changed));
}

function takeRefresh(
  request: Request,
  value: string,
  line: string,
  rules: readonly ValueRule[],
): void {
  const at = value.toLowerCase().indexOf('url=') + 4;
  const changed = at < 4 ? undefined : firstOf(rules, request, value.slice(at));
  const { lines } = request.out;
  lines.push(changed === undefined ? line : withValue(line, value.slice(0, at) + changed));
}

function takeCookie(request: Request, value: string, line: string, rules: CookieRules): void {
  const changed = rules.apply(request, value);
  request.out.lines.push(changed === value ? line : withValue(line, changed));
}

/** The same field with another value. */
function withValue(line: string, value: string): string {
  return `${line.slice(0, line.indexOf(':'))}: ${value}\r\n`;
}
