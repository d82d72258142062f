import { originForm } from '../../../http/request-target.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { Target } from '../../../proxy/session-shared.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { escapeUri } from '../../engine/uri.ts';
import type { NamedTarget } from './named-target.ts';
import type { UpstreamRun } from './upstream-run.ts';
import type { Upstreams } from './upstreams.ts';

/** Where requests go. */
export type Destination = {
  readonly target: Target;
  /** `$proxy_host`: the authority without a port that goes without saying. */
  readonly host: string;
  readonly port: string;
  /** It has a name, which is looked up with each request. */
  readonly named?: NamedTarget | undefined;
};

/** Says where a request goes, and with which target in its first line; a status where it cannot. */
export type FindDestination = (request: Request, run: UpstreamRun) => number;

/** All is well: the run knows its destination. */
export const FOUND = 0;

/** The run knows its destination, which has to be looked up first. */
export const TO_LOOK_UP = -1;

/** Tells where requests of a location go. */
export function destinationOf(
  conf: LocationConf,
  site: Site,
  upstreams: Upstreams,
): FindDestination {
  const { proxyPass } = conf;
  if (proxyPass === undefined) return () => 500;
  if (proxyPass.target === undefined) return byVariables(conf, site, upstreams);
  const { authority, uri } = proxyPass.target;
  const destination = { target: upstreams.target(authority, conf), ...partsOf(authority) };
  const matched = conf.text.length;
  return (request, run) => {
    run.destination = destination;
    run.uri = uriOf(request, uri, matched);
    return run.uri === '' ? nowhere(request) : FOUND;
  };
}

function nowhere(request: Request): number {
  request.log('error', 'zero length URI to proxy');
  return 500;
}

const URL_FORM = /^http:\/\/(unix:[^:]+|[^/?#]*)(.*)$/is;
/** Different destinations that variables have named; with one more, all are made anew. */
const DESTINATIONS_MAX = 1000;

function byVariables(conf: LocationConf, site: Site, upstreams: Upstreams): FindDestination {
  const evaluate = site.template(conf.proxyPass?.url ?? '');
  const known = new Map<string, Destination>();
  return (request, run) => {
    const url = evaluate(request);
    const form = URL_FORM.exec(url);
    if (form === null) {
      request.log('error', `invalid URL prefix in "${url}"`);
      return 500;
    }
    const [, authority = '', rest = ''] = form;
    const uri = authority.startsWith('unix:') ? rest.replace(/^:/, '') : rest;
    let destination = known.get(authority);
    if (destination === undefined) {
      const status = upstreams.refuse(authority, url, request);
      const isName = status === TO_LOOK_UP;
      if (status !== FOUND && !isName) return status;
      if (known.size === DESTINATIONS_MAX) {
        known.clear();
        upstreams.forgetStrays();
      }
      const named = isName ? upstreams.named(authority, conf) : undefined;
      if (isName && named === undefined) return withoutResolver(request, authority);
      const target =
        named === undefined
          ? upstreams.target(authority, conf, true)
          : upstreams.locationTarget(named.target, conf);
      destination = { target, named, ...partsOf(authority) };
      known.set(authority, destination);
    }
    run.destination = destination;
    if (uri !== '') run.uri = uri.startsWith('?') ? `/${uri}` : uri;
    else run.uri = uriOf(request, '', 0);
    if (run.uri === '') return nowhere(request);
    const { named } = destination;
    return named === undefined || named.isKnown() ? FOUND : TO_LOOK_UP;
  };
}

function withoutResolver(request: Request, authority: string): number {
  request.log('error', `no resolver defined to resolve ${authority.replace(/:\d+$/, '')}`);
  return 502;
}

function partsOf(authority: string): { host: string; port: string } {
  if (authority.startsWith('unix:')) return { host: 'localhost', port: '' };
  const port = /:(\d+)$/.exec(authority)?.[1];
  if (port === undefined || port === '80')
    return { host: authority.replace(/:80$/, ''), port: '80' };
  return { host: authority, port };
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
  const escapes = request.internal || (head.targetMarked && head.target.includes('%'));
  const path = (replaces ? prefix : '') + (escapes ? escapeUri(rest) : rest);
  return request.args === '' ? path : `${path}?${request.args}`;
}
