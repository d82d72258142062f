import type { Location } from './location.ts';
import type { Request } from './request.ts';
import type { Site } from './site.ts';
import { type Evaluate, hasVariables } from './templates.ts';

/** Where a request's file is; `undefined`: nowhere, as the log says. */
export type FilePath = (request: Request) => string | undefined;

/** Maps paths to files as `root` and `alias` say; made once for a location. */
export function filePathOf(location: Location, site: Site): FilePath {
  location.filePath ??= makeFilePath(location, site);
  return location.filePath;
}

function makeFilePath(location: Location, site: Site): FilePath {
  const { alias, text } = location.conf;
  const directory = directoryOf(location, site);
  if (alias === undefined) return (request) => directory(request) + request.uri;
  return (request) => {
    if (!request.isLocationValid) {
      request.log('alert', `"alias" cannot be used in location "${text}" where URI was rewritten`);
      return undefined;
    }
    const path = directory(request);
    if (alias.matched >= 0) return path + request.uri.slice(alias.matched);
    return request.addsUriToAlias ? path + request.uri : path;
  };
}

/** What `root` (without a slash at its end) or `alias` stands for. */
export function directoryOf({ conf: { alias, root } }: Location, site: Site): Evaluate {
  const template = alias?.path ?? root;
  const evaluate = site.template(template);
  const stripped = (text: string): string =>
    alias === undefined && text.endsWith('/') ? text.slice(0, -1) : text;
  if (hasVariables(template)) return (request) => stripped(site.fullPath(evaluate(request)));
  const directory = stripped(site.fullPath(template as string));
  return () => directory;
}
