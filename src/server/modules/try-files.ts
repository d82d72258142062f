import type { TryFiles } from '../conf/core-conf.ts';
import type { Location } from '../engine/location.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
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
  const { alias, root, text } = location.conf;
  const directoryOf = site.template(alias ?? root);
  const tried = files.map(({ path, directory }) => ({ path: site.template(path), directory }));
  const uriOf = 'uri' in last ? site.template(last.uri) : undefined;
  const system = site.environment.files;
  return (request): Verdict => {
    const top = site.fullPath(directoryOf(request));
    for (const { path, directory } of tried) {
      const name = path(request);
      const below = alias !== undefined && name.startsWith(text) ? name.slice(text.length) : name;
      const status = system.status(top + below);
      if ('code' in status || (directory ? !status.isDirectory : !status.isFile)) continue;
      request.uri = alias === undefined ? name : text + below;
      if (directory && !request.uri.endsWith('/')) request.uri += '/';
      request.isAsReceived = false;
      return NEXT;
    }
    return uriOf === undefined
      ? (last as { status: number }).status
      : goTo(request, uriOf(request));
  };
}

function goTo(request: Request, target: string): Verdict {
  if (target.startsWith('@')) return request.redirectTo(target);
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return request.redirect(path, query < 0 ? '' : target.slice(query + 1));
}
