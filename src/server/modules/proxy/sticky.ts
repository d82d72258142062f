import { createHash } from 'node:crypto';
import type { UpstreamGroup } from '../../../proxy/upstream/index.ts';
import type { StickyConf } from '../../conf/sticky-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { Evaluate } from '../../engine/templates.ts';
import type { Getter } from '../../engine/variables.ts';
import { SessionTable, type SessionTimes } from '../../shared/session-table.ts';
import { addressText } from './address-text.ts';
import { stickyCookie } from './sticky-cookie.ts';

/** Which server of a group a request is bound to, and how its client is told. */
export interface Sticky {
  /** '': it is bound to none. */
  routeOf(request: Request): string;
  /** The head of an answer goes to the client. */
  answered(request: Request, route: string): void;
  /** An answer has come to its end, be it good or bad. */
  ended(request: Request, route: string): void;
}

const NOTHING = (): void => {};

/** `sticky` of a group. */
export function stickyFor(conf: StickyConf, group: UpstreamGroup, site: Site): Sticky {
  nameRoutes(group);
  group.members.watchers.add(() => nameRoutes(group));
  switch (conf.kind) {
    case 'cookie': {
      const routeOf = firstOf([`cookie_${conf.name.toLowerCase()}`], site);
      const cookie: (request: Request, route: string) => string = stickyCookie(conf, site);
      return {
        routeOf,
        answered: (request, route) => request.out.add('Set-Cookie', cookie(request, route)),
        ended: NOTHING,
      };
    }
    case 'route':
      return { routeOf: firstOf(conf.variables, site), answered: NOTHING, ended: NOTHING };
    case 'learn':
      return learned(conf, site);
    default:
      return conf satisfies never;
  }
}

function learned(conf: Extract<StickyConf, { kind: 'learn' }>, site: Site): Sticky {
  const { zone, zoneBytes, timeout, afterHeader } = conf;
  const sessions = site.environment.zones?.sessions(zone, zoneBytes) ?? new SessionTable(zoneBytes);
  const lookUp = firstOf(conf.lookup, site);
  const create = firstOf(conf.create, site);
  const times = (): SessionTimes => ({ nowMs: site.environment.wallMs(), timeoutMs: timeout });
  const learn = (request: Request, route: string): void => {
    const created = create(request);
    const name = created === '' ? lookUp(request) : created;
    if (name !== '') sessions.use(name, route, created !== '', times());
  };
  return {
    routeOf: (request) => {
      const name = lookUp(request);
      return name === '' ? '' : sessions.find(name, times());
    },
    answered: afterHeader ? learn : NOTHING,
    ended: afterHeader ? NOTHING : learn,
  };
}

/** The first of these variables that is not empty. */
function firstOf(variables: readonly string[], site: Site): Evaluate {
  const getters: readonly Getter[] = variables.map((name) => site.variables.find(name).get);
  return (request) => {
    for (const get of getters) {
      const value = get(request);
      if (value !== undefined && value !== '') return value;
    }
    return '';
  };
}

/** Without a route of its own, a server is known by its address, as nginx has it. */
function nameRoutes({ members }: UpstreamGroup): void {
  for (const peer of members.all) {
    if (peer.server.route !== undefined || peer.route !== '') continue;
    peer.route = createHash('md5').update(addressText(peer.endpoint), 'latin1').digest('hex');
  }
}
