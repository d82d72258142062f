import type { Evaluate } from '../../engine/templates.ts';
import type { Counts, Held } from '../../shared/connection-table.ts';
import { templateText } from '../../shared/zones.ts';
import type { StreamModule } from '../stream-module.ts';
import { STREAM_STATUS, type StreamHandler } from '../stream-server.ts';
import type { StreamSession } from '../stream-session.ts';
import type { StreamSite } from '../stream-site.ts';

const KEY = Symbol('connection zones');
const KEY_BYTES_MAX = 255;

type Zone = { readonly key: Evaluate<StreamSession>; readonly table: Counts };
type Limit = { readonly zone: Zone; readonly name: string; readonly max: number };

/** `limit_conn`: how many sessions of one key there may be at one time. */
export const streamLimitConnModule: StreamModule = {
  name: 'limit conn',
  variables: {
    limit_conn_status: ({ limitStatus }) => (limitStatus === '' ? undefined : limitStatus),
  },
  site(site) {
    const zones = new Map<string, Zone>();
    for (const { name, bytes, key } of site.conf.connectionZones) {
      const table = site.zones.connections(name, bytes, templateText(key));
      zones.set(name, { key: site.template(key), table });
    }
    site.parts.set(KEY, zones);
  },
  server(server, site) {
    const { connectionLimits } = server.conf;
    if (connectionLimits.length === 0) return;
    server.preAccess.push(handlerOf(server.conf, limitsOf(connectionLimits, site)));
  },
};

function limitsOf(
  confs: StreamSite['conf']['servers'][number]['connectionLimits'],
  site: StreamSite,
): readonly Limit[] {
  const zones = site.parts.get(KEY) as ReadonlyMap<string, Zone>;
  return confs.map(({ zone: name, max }) => {
    const zone = zones.get(name);
    if (zone === undefined) throw new Error(`zero size shared memory zone "${name}"`);
    return { zone, name, max };
  });
}

function handlerOf(
  {
    connectionLimitDryRun: isDry,
    connectionLimitLogLevel: level,
  }: StreamSite['conf']['servers'][number],
  limits: readonly Limit[],
): StreamHandler {
  return (session) => {
    const taken: Held[] = [];
    for (const { zone, name, max } of limits) {
      const key = zone.key(session);
      if (key === '') continue;
      if (key.length > KEY_BYTES_MAX) {
        session.log('error', `the value of a key is more than ${KEY_BYTES_MAX} bytes: "${key}"`);
        continue;
      }
      session.limitStatus = 'PASSED';
      const count = zone.table.enter(key, max);
      if (typeof count === 'object') {
        taken.push(count);
        continue;
      }
      if (count === 'limited') {
        session.log(level, `limiting connections${isDry ? ', dry run,' : ''} by zone "${name}"`);
      } else session.log('crit', `no room in limit_conn_zone "${name}"`);
      for (const one of taken) one.release();
      session.limitStatus = isDry ? 'REJECTED_DRY_RUN' : 'REJECTED';
      return isDry ? 0 : STREAM_STATUS.unavailable;
    }
    for (const one of taken) session.atEnd.push(() => one.release());
    return 0;
  };
}
