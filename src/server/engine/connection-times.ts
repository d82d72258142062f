import type { ServerTimeouts } from '../../http/server-options.ts';
import type { LocationConf } from '../conf/location-conf.ts';

/** How long a connection waits once a request of it is in a location. */
export function timesOf(conf: LocationConf, headMs: number): ServerTimeouts {
  const isLingering = conf.lingeringClose !== 'off';
  return {
    headMs,
    bodyMs: conf.clientBodyTimeout,
    sendMs: conf.sendTimeout,
    idleMs: conf.keepaliveTimeout,
    lingerMs: isLingering ? Math.min(conf.lingeringTime, conf.lingeringTimeout) : 0,
  };
}
