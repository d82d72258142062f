import type { MessageHead } from '../../../http/message-head.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import { type FilePath, filePathOf } from '../../engine/file-path.ts';
import { parseHttpDate } from '../../engine/http-date.ts';
import type { Location } from '../../engine/location.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { TemporaryFile } from '../../engine/temporary-file.ts';
import { StoredBody, StoreFilter } from './stored-body.ts';
import type { UpstreamRun } from './upstream-run.ts';

const OK = 200;
const BUFFERING = 'x-accel-buffering';

/** `undefined`: the location keeps nothing. */
export function storeOf(location: Location, site: Site): StoreRule | undefined {
  const { proxyStore, proxyBuffering } = location.conf;
  if (proxyStore === 'off' || !proxyBuffering) return undefined;
  return new StoreRule(location, site);
}

/** `proxy_store` of a location: bodies of answers are kept as files. */
export class StoreRule {
  readonly #conf: LocationConf;
  readonly #path: FilePath;
  readonly #temporary: string;
  readonly #mayBeUnbuffered: boolean;

  constructor(location: Location, site: Site) {
    const { conf } = location;
    this.#conf = conf;
    this.#path = pathOf(location, site);
    this.#temporary = site.fullPath(conf.proxyTempPath);
    this.#mayBeUnbuffered = !conf.proxyIgnoreHeaders.some(
      (name) => name.toLowerCase() === BUFFERING,
    );
  }

  /** An answer is about to be passed on: its body goes to a file as well, where it is to be kept. */
  begin(request: Request, head: MessageHead): void {
    if (head.status !== OK || head.framing === 'none' || request.headerOnly) return;
    if (this.#mayBeUnbuffered && head.get(BUFFERING)?.toLowerCase() === 'no') return;
    const path = this.#path(request);
    if (path === undefined || path === '') return;
    const { files } = request.site.environment;
    const file = TemporaryFile.open(files, this.#temporary, 'clean');
    if (typeof file === 'string') {
      request.log('crit', file);
      return;
    }
    const stored = new StoredBody(request, file, {
      path,
      access: this.#conf.proxyStoreAccess,
      mtime: parseHttpDate(head.get('last-modified') ?? '') ?? -1,
    });
    (request.run as UpstreamRun).stored = stored;
    request.filterBody((next) => new StoreFilter(stored, next));
  }
}

function pathOf(location: Location, site: Site): FilePath {
  const { proxyStore } = location.conf;
  if (typeof proxyStore === 'string') return filePathOf(location, site);
  const text = site.template(proxyStore.path);
  return (request) => {
    const path = text(request);
    return path === '' ? '' : site.fullPath(path);
  };
}
