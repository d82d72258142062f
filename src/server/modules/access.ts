import type { HttpModule } from '../engine/module.ts';
import { NEXT, PASS, type Verdict } from '../engine/verdict.ts';
import { AccessRules } from '../shared/access-rules.ts';

/** `allow` and `deny`. */
export const accessModule: HttpModule = {
  name: 'access',
  location({ conf, access }) {
    if (conf.accessRules.length === 0) return;
    const rules = new AccessRules(conf.accessRules);
    access.push((request): Verdict => {
      const rule = rules.decide(request.from.key);
      if (rule === undefined) return NEXT;
      if (rule.allow) return PASS;
      if (conf.satisfy === 'all') request.log('error', 'access forbidden by rule');
      return 403;
    });
  },
};
