import type { LocationConf } from '../../conf/location-conf.ts';
import type { Request } from '../../engine/request.ts';
import { hiddenNames } from './response-fields.ts';

/** What says where a message ends, or whose it is, has no place behind it (RFC 9110 §6.5.1). */
const NEVER = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'keep-alive',
  'location',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** `proxy_pass_trailers`: fields that come behind a server's chunked body. */
export class PassedTrailers {
  readonly #passes: boolean;
  readonly #hidden: ReadonlySet<string>;
  /** Somebody asks for them by a variable; known with the first request. */
  #areUsed: boolean | undefined;

  constructor(conf: LocationConf) {
    this.#passes = conf.proxyPassTrailers;
    this.#hidden = hiddenNames(conf);
  }

  areWanted({ site }: Request): boolean {
    this.#areUsed ??= [...site.variables.used].some((name) => name.startsWith('upstream_trailer_'));
    return this.#passes || this.#areUsed;
  }

  /** `lines`: each with its CRLF. */
  passOn(request: Request, lines: string): void {
    if (!this.#passes) return;
    for (const line of lines.split('\r\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      const lower = name.toLowerCase();
      if (colon <= 0 || NEVER.has(lower) || this.#hidden.has(lower)) continue;
      request.trailers.push({ name, value: line.slice(colon + 1).trim() });
    }
  }
}
