import { AccessRules } from '../../shared/access-rules.ts';
import { IpKey } from '../../shared/ip-key.ts';
import { addressOf } from '../client-text.ts';
import type { StreamModule } from '../stream-module.ts';
import { STREAM_STATUS } from '../stream-server.ts';

/** `allow` and `deny`. */
export const streamAccessModule: StreamModule = {
  name: 'access',
  server(server) {
    const { accessRules } = server.conf;
    if (accessRules.length === 0) return;
    const rules = new AccessRules(accessRules);
    const key = new IpKey();
    server.access.push((session) => {
      const rule = rules.decide(key.read(addressOf(session)));
      if (rule === undefined || rule.allow) return 0;
      session.log('error', 'access forbidden by rule');
      return STREAM_STATUS.forbidden;
    });
  },
};
