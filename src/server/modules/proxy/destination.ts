import { originForm } from '../../../http/request-target.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { Target } from '../../../proxy/session-shared.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { escapeUri } from '../../engine/uri.ts';
import type { Upstreams } from './upstreams.ts';

/** Where one request goes. */
export type Destination = {
  readonly target: Target;
  /** `$proxy_host`: the authority without a port that goes without saying. */
  readonly host: string;
  readonly port: string;
  /** The target of the request line. */
  readonly uri: string;
};

/** Tells where requests of a location go; a status where they cannot. */
export function destinationOf(
  conf: LocationConf,
  site: Site,
  upstreams: Upstreams,
): (request: Request) => Destination | number {
  const { proxyPass } = conf;
  if (proxyPass === undefined) return () => 500;
  if (proxyPass.target === undefined) return byVariables(conf, site, upstreams);
  const { authority, uri } = proxyPass.target;
  const target = upstreams.target(authority, conf);
  const { host, port } = partsOf(authority, upstreams);
  return (request) => ({ target, host, port, uri: uriOf(request, uri, conf.text.length) });
}

const URL_FORM = /^https?:\/\/(unix:[^:]+:?|[^/?#]+)(.*)$/i;
/** Different destinations that variables have named; more are made anew each time. */
const TARGETS_MAX = 1000;

function byVariables(
  conf: LocationConf,
  site: Site,
  upstreams: Upstreams,
): (request: Request) => Destination | number {
  const evaluate = site.template(conf.proxyPass?.url ?? '');
  const targets = new Map<string, Target>();
  return (request) => {
    const url = evaluate(request);
    const [, authority = '', uri = ''] = URL_FORM.exec(url) ?? [];
    if (authority === '') {
      request.log('error', `invalid URL prefix in "${url}"`);
      return 500;
    }
    const { host, port } = partsOf(authority, upstreams);
    let target = targets.get(authority);
    if (target === undefined) {
      if (targets.size === TARGETS_MAX) targets.clear();
      target = upstreams.target(authority, conf);
      targets.set(authority, target);
    }
    const path = uri === '' ? undefined : uri.startsWith('/') ? uri : `/${uri}`;
    return { target, host, port, uri: path ?? uriOf(request, '', 0) };
  };
}

function partsOf(authority: string, upstreams: Upstreams): { host: string; port: string } {
  if (authority.startsWith('unix:')) return { host: 'localhost', port: '' };
  const port = /:(\d+)$/.exec(authority)?.[1];
  if (upstreams.group(authority) !== undefined) return { host: authority, port: port ?? '' };
  const isUsual = port === undefined || port === '80';
  return { host: isUsual ? authority.replace(/:80$/, '') : authority, port: port ?? '80' };
}

/**
 * The target that goes up: as it came while nothing has changed it; otherwise the path as it is
 * now, with `prefix` in the place of the location's own `matched` characters, escaped anew where the
 * client has used escapes or the path is ours.
 */
function uriOf(request: Request, prefix: string, matched: number): string {
  const { head } = request.client as ServerConnection;
  if (prefix === '' && request.isAsReceived) return originForm(head);
  const replaces = request.isLocationValid && prefix !== '';
  const rest = replaces ? request.uri.slice(matched) : request.uri;
  const escapes = request.internal || head.target.includes('%');
  const path = (replaces ? prefix : '') + (escapes ? escapeUri(rest) : rest);
  return request.args === '' ? path : `${path}?${request.args}`;
}
