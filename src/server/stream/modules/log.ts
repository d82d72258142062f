import { loggerOf } from '../../modules/access-log.ts';
import type { StreamModule } from '../stream-module.ts';

/** `access_log`: a line for each session, at its end. */
export const streamLogModule: StreamModule = {
  name: 'access log',
  server(server, site) {
    const { accessLogs, openLogCache: cache } = server.conf;
    for (const conf of accessLogs) server.loggers.push(loggerOf(conf, site, { cache }));
  },
};
