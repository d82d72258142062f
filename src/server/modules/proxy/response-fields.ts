import { CONTENT_LENGTH, DATE, isHopByHop, OTHER } from '../../../http/field-names.ts';
import type { MessageHead } from '../../../http/message-head.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import { parseHttpDate } from '../../engine/http-date.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';

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

type Take = (request: Request, value: string, line: string) => void;

/** Fields that have a place of their own in our answers. */
const TAKEN: Readonly<Record<string, Take>> = {
  'content-type': ({ out }, value) => {
    out.contentType = value;
  },
  'last-modified': ({ out }, value) => {
    out.lastModifiedText = value;
    out.lastModified = parseHttpDate(value) ?? -1;
  },
  etag: ({ out }, value, line) => {
    out.etag = value;
    out.lines.push(line);
  },
  location: ({ out }, value) => {
    out.location = value;
  },
  'content-encoding': ({ out }, value, line) => {
    out.contentEncoding = value;
    out.lines.push(line);
  },
  server: (request, _, line) => {
    request.hasOwnServer = true;
    request.out.lines.push(line);
  },
  date: (request, _, line) => {
    request.hasOwnDate = true;
    request.out.lines.push(line);
  },
};

/** Takes the head of a server's answer over into ours. */
export class ResponseFields {
  readonly #hidden: ReadonlySet<string>;

  constructor(conf: LocationConf, _site: Site) {
    const hidden = new Set([...HIDDEN, ...conf.proxyHideHeaders.map((name) => name.toLowerCase())]);
    for (const name of conf.proxyPassHeaders) hidden.delete(name.toLowerCase());
    this.#hidden = hidden;
  }

  copy(request: Request, head: MessageHead): void {
    const { out } = request;
    out.status = head.status;
    const { reason } = head;
    out.statusText = reason === '' ? `${head.status} ` : `${head.status} ${reason}`;
    out.contentLength = head.framing === 'length' ? head.contentLength : -1;
    for (let index = 0; index < head.fieldCount; index += 1) {
      const id = head.fieldId(index);
      if (id === CONTENT_LENGTH) {
        // Of an answer without a body, it says how long the body would be.
        if (head.framing === 'none') out.contentLength = head.contentLength;
        continue;
      }
      if (id !== OTHER && id !== DATE && isHopByHop(id)) continue;
      if (head.isNominated(index)) continue;
      const name = head.fieldName(index).toLowerCase();
      if (this.#hidden.has(name)) continue;
      const line = head.text.slice(head.lineStart(index), head.lineStart(index + 1));
      const take = TAKEN[name];
      if (take === undefined) out.lines.push(line);
      else take(request, head.fieldValue(index), line);
    }
  }
}
