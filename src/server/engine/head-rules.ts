import { HEAD_RULES, type HeadRules } from '../../http/head-limits.ts';
import type { ServerConf } from '../conf/site-conf.ts';
import { isServedHost } from './host-name.ts';

/** What nginx takes in a request's head beyond what is strict; see docs of `HeadRules`. */
export function headRulesOf(conf: ServerConf): HeadRules {
  const { ignoreInvalidHeaders, underscoresInHeaders } = conf;
  return {
    ...HEAD_RULES,
    bareLf: true,
    tooLargeStatus: 494,
    connect: true,
    http09: true,
    laterMinors: true,
    emptyLines: true,
    rawTargets: true,
    names: ignoreInvalidHeaders ? 'drop' : 'keep',
    underscores: underscoresInHeaders || !ignoreInvalidHeaders ? 'keep' : 'drop',
    anyExpect: true,
    uniqueFields: true,
    bodies10: true,
    isHost: isServedHost,
  };
}
