import type { Location } from './location.ts';
import type { Request } from './request.ts';
import type { Site } from './site.ts';
import { hasVariables } from './templates.ts';

/** Where a request's file is; made once for a location. */
export type FilePath = (request: Request) => string;

/** Maps paths to files as `root` and `alias` say. */
export function filePathOf(location: Location, site: Site): FilePath {
  const { alias, root, match, text } = location.conf;
  if (alias === undefined) {
    const evaluate = site.template(root);
    if (hasVariables(root)) return (request) => full(site, evaluate(request)) + request.uri;
    const directory = full(site, root as string);
    return (request) => directory + request.uri;
  }
  const evaluate = site.template(alias);
  if (match === 'regex') return (request) => site.fullPath(evaluate(request));
  return (request) => site.fullPath(evaluate(request)) + request.uri.slice(text.length);
}

/** Without a slash at its end, as the path brings one. */
function full(site: Site, directory: string): string {
  const path = site.fullPath(directory);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
