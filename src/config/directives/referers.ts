import type { ReferersConf } from '../../server/conf/admission-conf.ts';
import type { Use } from '../directive.ts';
import { maskKeys } from './lookup.ts';

const NOTHING: ReferersConf = {
  none: false,
  blocked: false,
  names: [],
  regexes: [],
  serverNames: false,
};

/** `valid_referers`, added to what was said before in the same block. */
export function referersOf(use: Use, known: ReferersConf | undefined): ReferersConf {
  let referers = known ?? NOTHING;
  for (const word of use.args) {
    if (word === '') use.fail('invalid referer ""');
    if (word === 'none') referers = { ...referers, none: true };
    else if (word === 'blocked') referers = { ...referers, blocked: true };
    else if (word === 'server_names') referers = { ...referers, serverNames: true };
    else if (word.startsWith('~')) {
      if (word === '~') use.fail(`empty regex in "${word}"`);
      const regex = use.regex(word.slice(1), true);
      referers = { ...referers, regexes: [...referers.regexes, regex] };
    } else {
      const slash = word.indexOf('/');
      const name = slash < 0 ? word : word.slice(0, slash);
      const path = slash < 0 ? '' : word.slice(slash);
      if (maskKeys(name) === undefined) use.fail(`invalid hostname or wildcard "${name}"`);
      if (referers.names.some((one) => one.name === name.toLowerCase())) {
        use.fail(`conflicting parameter "${name}"`);
      }
      referers = { ...referers, names: [...referers.names, { name: name.toLowerCase(), path }] };
    }
  }
  return referers;
}
