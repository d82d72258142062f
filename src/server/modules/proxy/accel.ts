import type { MessageHead } from '../../../http/message-head.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { splitUri } from '../../engine/unsafe-uri.ts';
import { AGAIN, type Verdict } from '../../engine/verdict.ts';
import { NameTable } from './name-table.ts';

const REDIRECT = 1;
const LIMIT_RATE = 2;
const CHARSET = 3;

/** Fields with which a server says what is to be done with its answer. */
export class AccelFields {
  readonly #table: NameTable<number>;
  readonly #setRate: ((request: Request, value: string) => void) | undefined;

  constructor(conf: LocationConf, site: Site) {
    const ignored = new Set(conf.proxyIgnoreHeaders.map((name) => name.toLowerCase()));
    const fields: (readonly [string, number])[] = [
      ['x-accel-redirect', REDIRECT],
      ['x-accel-limit-rate', LIMIT_RATE],
      ['x-accel-charset', CHARSET],
    ];
    this.#table = new NameTable(fields.filter(([name]) => !ignored.has(name)));
    const { variables } = site;
    this.#setRate = variables.has('limit_rate') ? variables.find('limit_rate').set : undefined;
  }

  /** Follows what there is; returns where the request is to be sent instead. */
  read(request: Request, head: MessageHead): string | undefined {
    let redirect: string | undefined;
    for (let index = 0; index < head.fieldCount; index += 1) {
      const what = this.#table.find(head, index);
      if (what === REDIRECT) redirect ??= head.fieldValue(index);
      else if (what === LIMIT_RATE) this.#limitRate(request, head.fieldValue(index));
      else if (what === CHARSET) request.out.charsetInstead = head.fieldValue(index);
    }
    return redirect;
  }

  #limitRate(request: Request, value: string): void {
    if (/^\d+$/.test(value)) this.#setRate?.(request, value);
  }
}

/** Sends the request on to where its server has said: `AGAIN`, or a status. */
export function accelRedirect(request: Request, uri: string): Verdict {
  if (uri.startsWith('@')) return request.redirectTo(uri);
  const parts = splitUri(uri);
  if (parts === undefined) {
    request.log('error', `unsafe URI "${uri}" was detected`);
    return 404;
  }
  if (request.method !== 'HEAD') request.method = 'GET';
  return request.redirect(parts.uri, parts.args);
}

/** For who is not within the phases: goes on as the verdict says. */
export function goOn(request: Request, verdict: Verdict): void {
  if (verdict === AGAIN) request.phases.run();
  else request.concludeLater(verdict);
}
