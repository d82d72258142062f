const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** Path and query of a request target, without authority and fragment. */
export function pathOf(url: string): string {
  const [, target = ''] = /^([^#]*)/.exec(url.replace(ABSOLUTE, '')) ?? [];
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  // As `url.parse` has it, with which http-proxy reads paths.
  return path.replaceAll('\\', '/') + (query < 0 ? '' : target.slice(query));
}

/** Puts `prefix` in front of `path`, with one slash where there would be several. Queries stay. */
export function joinPaths(prefix: string, path: string): string {
  const query = path.indexOf('?');
  const last = query < 0 ? path : path.slice(0, query);
  const joined = [prefix, last]
    .filter((part) => part !== '')
    .join('/')
    .replaceAll(/\/+/g, '/')
    .replace('http:/', 'http://')
    .replace('https:/', 'https://');
  return query < 0 ? joined : joined + path.slice(query);
}
