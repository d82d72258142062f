import type { FileError } from '../../engine/environment.ts';
import { filePathOf } from '../../engine/file-path.ts';
import type { Location } from '../../engine/location.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { systemError } from '../../engine/system-errors.ts';
import { type Handler, NEXT, TAKEN, type Verdict } from '../../engine/verdict.ts';
import { jsonListing, xmlListing } from './data.ts';
import { ENTRIES_MAX, type Entry, entriesOf } from './entries.ts';
import { htmlListing } from './html.ts';

const CALLBACK_MAX = 128;

/** `autoindex`: what is in a directory. */
export const autoindexModule: HttpModule = {
  name: 'autoindex',
  location(location, site) {
    if (location.conf.autoindex) location.content.push(listingHandler(location, site));
  },
};

/** `random_index`: any file of a directory. */
export const randomIndexModule: HttpModule = {
  name: 'random index',
  location(location, site) {
    if (location.conf.randomIndex) location.content.push(randomHandler(location, site));
  },
};

function listingHandler(location: Location, site: Site): Handler {
  const { conf } = location;
  const pathOf = filePathOf(location, site);
  return (request): Verdict => {
    if (!request.uri.endsWith('/')) return NEXT;
    if (request.method !== 'GET' && request.method !== 'HEAD') return NEXT;
    const path = pathOf(request);
    if (path === undefined) return 500;
    const callback = conf.autoindexFormat === 'jsonp' ? callbackOf(request) : '';
    if (callback === undefined) return 400;
    const entries = entriesOf(site.environment.files, withoutSlash(path));
    if ('code' in entries) return notRead(request, path, entries);
    if (entries.length === ENTRIES_MAX) {
      request.log('warn', `only ${ENTRIES_MAX} names of "${path}" are listed`);
    }
    begin(request, callback);
    if (!request.writeHead()) return TAKEN;
    request.writeText(listing(request, entries, callback));
    request.end();
    return TAKEN;
  };
}

function begin({ out, location }: Request, callback: string): void {
  out.status = 200;
  switch (location.conf.autoindexFormat) {
    case 'html':
      out.contentType = 'text/html';
      break;
    case 'xml':
      out.contentType = 'text/xml';
      out.charset = 'utf-8';
      break;
    default:
      out.contentType = callback === '' ? 'application/json' : 'application/javascript';
  }
}

function listing(request: Request, entries: readonly Entry[], callback: string): string {
  const { conf } = request.location;
  if (conf.autoindexFormat === 'xml') return xmlListing(entries);
  if (conf.autoindexFormat !== 'html') return jsonListing(entries, callback);
  return htmlListing(request.uri, entries, {
    exactSize: conf.autoindexExactSize,
    localTime: conf.autoindexLocaltime,
    utf8: request.out.charset.toLowerCase() === 'utf-8',
  });
}

/** '' where none is asked for; `undefined` for one that is no name. */
function callbackOf(request: Request): string | undefined {
  const argument = /(?:^|&)callback=([^&]*)/i.exec(request.args)?.[1] ?? '';
  if (argument.length > CALLBACK_MAX) {
    request.log('info', `client sent too long callback name: "${argument}"`);
    return undefined;
  }
  if (/^[A-Za-z0-9_.]*$/.test(argument)) return argument;
  request.log('info', `client sent invalid callback name: "${argument}"`);
  return undefined;
}

function randomHandler(location: Location, site: Site): Handler {
  const pathOf = filePathOf(location, site);
  const { files, random } = site.environment;
  return (request): Verdict => {
    if (!request.uri.endsWith('/')) return NEXT;
    if (!/^(?:GET|HEAD|POST)$/.test(request.method)) return NEXT;
    const path = pathOf(request);
    if (path === undefined) return 500;
    const entries = entriesOf(files, withoutSlash(path));
    if ('code' in entries) return notRead(request, path, entries);
    const names = entries.filter(({ kind }) => kind === 'file');
    const chosen = names[random.nextUint32() % Math.max(1, names.length)];
    if (chosen === undefined) return NEXT;
    return request.redirect(request.uri + chosen.name, request.args);
  };
}

function notRead(request: Request, path: string, error: FileError): Verdict {
  const { code } = error;
  const missing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
  const status = missing ? 404 : code === 'EACCES' ? 403 : 500;
  const level = status === 500 ? 'crit' : 'error';
  request.log(level, `opendir() "${withoutSlash(path)}" failed ${systemError(error)}`);
  return status;
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
