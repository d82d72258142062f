import type { ServerConnection } from '../../http/server-connection.ts';
import type { BodyFilter, BodyNext, Piece } from '../engine/body-filter.ts';
import { pieceBytes, pieceSlice } from '../engine/body-filter.ts';
import type { BodyPart } from '../engine/file-sender.ts';
import { parseHttpDate } from '../engine/http-date.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';

/** `bytes=` and at least one character. */
const HEADER_LENGTH_MIN = 7;
/** With no limit of its own, a location answers in parts only what is about as large as the body. */
const PART_OVERHEAD_BYTES = 256;
const OVERHEAD_BYTES_MAX = 4096;

const ACCEPTS = 'Accept-Ranges: bytes\r\n';

/** From `start` on, up to and without `end`. */
type Range = { readonly start: number; readonly end: number };

/** Parts of a body that a client asks for (RFC 9110 §14). */
export const rangesModule: HttpModule = {
  name: 'ranges',
  location({ conf, headerFilters }) {
    const { maxRanges } = conf;
    if (maxRanges > 0) headerFilters.push((request) => answerParts(request, maxRanges));
  },
};

function answerParts(request: Request, maxRanges: number): void {
  const { out } = request;
  if (!out.allowsRanges || out.status !== 200 || out.contentLength < 0) return;
  if (request.isSubrequest) return;
  const { head } = request.client as ServerConnection;
  const asked = head.get('range');
  if (asked === undefined || !isMeant(request, asked, head.get('if-range'))) {
    out.lines.push(ACCEPTS);
    return;
  }
  const most = out.singleRange ? 1 : maxRanges;
  const ranges = parseRanges(asked.slice('bytes='.length), out.contentLength, most);
  if (ranges === 'ignored') out.lines.push(ACCEPTS);
  else if (ranges === 'unsatisfiable') {
    out.remove('Content-Range');
    out.add('Content-Range', `bytes */${out.contentLength}`);
    request.instead = 416;
  } else if (ranges.length === 1) answerOne(request, ranges[0] as Range);
  else answerSeveral(request, ranges);
}

/** With `If-Range`, only for a body that has not changed since. */
function isMeant({ out }: Request, asked: string, ifRange: string | undefined): boolean {
  if (asked.length < HEADER_LENGTH_MIN || !/^bytes=/i.test(asked)) return false;
  if (ifRange === undefined) return true;
  if (ifRange.length >= 2 && ifRange.endsWith('"')) return ifRange === out.etag;
  const known =
    out.lastModifiedText === '' ? out.lastModified : parseHttpDate(out.lastModifiedText);
  return known !== undefined && known >= 0 && parseHttpDate(ifRange) === known;
}

/** What is asked of a body of `length` bytes. `ignored`: the whole body is the answer. */
export function parseRanges(
  text: string,
  length: number,
  rangesMax: number,
): readonly Range[] | 'unsatisfiable' | 'ignored' {
  const ranges: Range[] = [];
  let bytes = 0;
  for (const one of text.split(',')) {
    const match = /^ *(\d*) *-( *\d*) *$/.exec(one);
    const [, first = '', rest = ''] = match ?? [];
    const last = rest.trim();
    const isMalformed = first === '' && (last === '' || rest.startsWith(' '));
    if (match === null || isMalformed) return 'unsatisfiable';
    const range = rangeOf(first, last, length);
    if (range === undefined) return 'unsatisfiable';
    if (range.start < range.end) {
      if (ranges.length === rangesMax) return 'ignored';
      ranges.push(range);
      bytes += range.end - range.start;
    } else if (range.start === 0) return 'ignored';
  }
  if (ranges.length === 0) return 'unsatisfiable';
  if (ranges.length === 1) return ranges;
  if (bytes > length) return 'ignored';
  if (rangesMax !== Number.MAX_SAFE_INTEGER) return ranges;
  const overhead = ranges.length * PART_OVERHEAD_BYTES;
  return bytes + overhead > length + OVERHEAD_BYTES_MAX ? 'ignored' : ranges;
}

/** `first-last`, `first-` or `-count`; `undefined` for numbers that no file can have. */
function rangeOf(first: string, last: string, length: number): Range | undefined {
  const from = Number(first);
  const to = Number(last);
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) return undefined;
  if (first === '') return { start: Math.max(0, length - to), end: to === 0 ? 0 : length };
  return { start: from, end: last === '' ? length : Math.min(to + 1, length) };
}

function answerOne(request: Request, { start, end }: Range): void {
  const { out } = request;
  out.status = 206;
  out.statusText = '';
  out.remove('Content-Range');
  out.add('Content-Range', `bytes ${start}-${end - 1}/${out.contentLength}`);
  out.contentLength = end - start;
  if (out.singleRange) request.filterBody((next) => new RangeFilter(next, start, end));
  else request.parts = [{ position: start, length: end - start }];
}

const BOUNDARY_DIGITS = 20;
let boundaries = 0;

function answerSeveral(request: Request, ranges: readonly Range[]): void {
  const { out } = request;
  boundaries += 1;
  const boundary = String(boundaries).padStart(BOUNDARY_DIGITS, '0');
  const charset = out.charset === '' ? '' : `; charset=${out.charset}`;
  const type = out.contentType === '' ? '' : `Content-Type: ${out.contentType}${charset}\r\n`;
  const parts: BodyPart[] = [];
  let length = 0;
  for (const { start, end } of ranges) {
    const range = `Content-Range: bytes ${start}-${end - 1}/${out.contentLength}`;
    const head = `\r\n--${boundary}\r\n${type}${range}\r\n\r\n`;
    parts.push(head, { position: start, length: end - start });
    length += head.length + end - start;
  }
  const last = `\r\n--${boundary}--\r\n`;
  parts.push(last);
  out.status = 206;
  out.statusText = '';
  out.remove('Content-Range');
  out.contentType = `multipart/byteranges; boundary=${boundary}`;
  out.charset = '';
  out.contentLength = length + last.length;
  request.parts = parts;
}

/** Lets one range of a body through that comes from elsewhere. */
class RangeFilter implements BodyFilter {
  readonly #next: BodyNext;
  readonly #start: number;
  readonly #end: number;
  #at = 0;

  constructor(next: BodyNext, start: number, end: number) {
    this.#next = next;
    this.#start = start;
    this.#end = end;
  }

  write(piece: Piece): void {
    const from = this.#at;
    this.#at += pieceBytes(piece);
    const start = Math.max(0, this.#start - from);
    const end = Math.min(pieceBytes(piece), this.#end - from);
    if (start < end) this.#next.write(pieceSlice(piece, start, end));
  }

  end(): void {
    this.#next.end();
  }
}
