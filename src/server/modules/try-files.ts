import type { TryFiles } from '../conf/core-conf.ts';
import { directoryOf } from '../engine/file-path.ts';
import type { Location } from '../engine/location.ts';
import { filesOf } from '../engine/location-files.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import { systemError } from '../engine/system-errors.ts';
import { hasVariables } from '../engine/templates.ts';
import { type Handler, NEXT, type Verdict } from '../engine/verdict.ts';

/** `try_files`: the first file that is there is served. */
export const tryFilesModule: HttpModule = {
  name: 'try files',
  location(location, site) {
    const { tryFiles } = location.conf;
    if (tryFiles !== undefined) location.preContent.push(handlerOf(tryFiles, location, site));
  },
};

function handlerOf({ files, last }: TryFiles, location: Location, site: Site): Handler {
  const directory = directoryOf(location, site);
  const matched = location.conf.alias?.matched ?? -1;
  const tried = files.map(({ path, directory: isDirectory }) => {
    return { nameOf: site.template(path), varies: hasVariables(path), isDirectory };
  });
  const uriOf = 'uri' in last ? site.template(last.uri) : undefined;
  const system = filesOf(location, site);
  return (request): Verdict => {
    const top = directory(request);
    for (const { nameOf, varies, isDirectory } of tried) {
      const name = nameOf(request);
      // An alias stands for the first characters of the path, which a variable brings along.
      const repeats = matched >= 0 && varies && startsAlike(name, request.uri, matched);
      const below = repeats ? name.slice(matched) : name;
      const status = system.status(top + below);
      if ('code' in status) {
        if (!/^(?:ENOENT|ENOTDIR|ENAMETOOLONG)$/.test(status.code)) {
          request.log('crit', `stat() "${top + below}" failed ${systemError(status)}`);
        }
      } else if (status.isDirectory === isDirectory) {
        serve(request, below, isDirectory);
        return NEXT;
      }
    }
    if (uriOf === undefined) return (last as { status: number }).status;
    return goTo(request, uriOf(request));
  };
}

function startsAlike(name: string, uri: string, length: number): boolean {
  return name.length >= length && name.slice(0, length) === uri.slice(0, length);
}

/** What is below `root` or `alias` is what is served now. */
function serve(request: Request, below: string, isDirectory: boolean): void {
  const { alias } = request.location.conf;
  request.isAsReceived = false;
  if (alias === undefined) request.uri = below;
  else if (alias.matched >= 0) request.uri = request.uri.slice(0, alias.matched) + below;
  else if (!isDirectory) {
    request.uri = below;
    request.addsUriToAlias = true;
  }
}

function goTo(request: Request, target: string): Verdict {
  if (target.startsWith('@')) return request.redirectTo(target);
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return request.redirect(path, query < 0 ? '' : target.slice(query + 1));
}
