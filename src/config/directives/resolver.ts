import type { ResolverConf } from '../../server/conf/core-conf.ts';
import { type DirectiveTable, MANY, type Use } from '../directive.ts';
import { noteHost } from '../host-use.ts';
import type { ContextName } from '../scope.ts';
import { secondsOf } from '../values.ts';

const PLACES: readonly ContextName[] = [
  'http',
  'server',
  'location',
  'upstream',
  'stream',
  'stream-server',
  'stream-upstream',
];

/** Who is asked for names while the program runs. */
export const resolverDirectives: DirectiveTable = {
  resolver: {
    contexts: PLACES,
    args: [1, MANY],
    support: 'partly',
    note: '`status_zone` is not known',
    read: (use) => use.set('resolver', resolverOf(use)),
  },
  resolver_timeout: {
    contexts: PLACES,
    args: 1,
    default: '30s',
    read: (use) => use.set('resolverTimeout', use.time()),
  },
};

function resolverOf(use: Use): ResolverConf {
  const servers: string[] = [];
  let valid: number | undefined;
  let ipv4 = true;
  let ipv6 = true;
  for (const word of use.args) {
    const value = word.slice(word.indexOf('=') + 1);
    if (word.startsWith('valid=')) {
      const seconds = secondsOf(value) ?? use.fail(`invalid parameter: ${word}`);
      valid = seconds * 1000;
    } else if (word.startsWith('ipv4=')) ipv4 = onOff(use, word, value);
    else if (word.startsWith('ipv6=')) ipv6 = onOff(use, word, value);
    else if (word.includes('=')) use.fail(`invalid parameter: ${word}`);
    else {
      noteHost(use, word, `resolver "${word}"`);
      servers.push(word);
    }
  }
  if (!ipv4 && !ipv6) use.fail('"ipv4" and "ipv6" cannot both be "off"');
  return { servers, valid, ipv4, ipv6 };
}

function onOff(use: Use, word: string, value: string): boolean {
  if (value !== 'on' && value !== 'off') use.fail(`invalid parameter: ${word}`);
  return value === 'on';
}
