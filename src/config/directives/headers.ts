import type { ExpiresConf } from '../../server/conf/headers-conf.ts';
import { choice, type DirectiveTable, type Use } from '../directive.ts';
import { secondsOf } from '../values.ts';
import { HTTP_SERVER_LOCATION, HTTP_TO_IF } from './contexts.ts';

/** `add_header`, `add_trailer`, `expires`. */
export const headersDirectives: DirectiveTable = {
  add_header: {
    contexts: HTTP_TO_IF,
    args: [2, 3],
    read: (use) => use.append('addHeaders', addedField(use)),
  },
  add_trailer: {
    contexts: HTTP_TO_IF,
    args: [2, 3],
    read: (use) => use.append('addTrailers', addedField(use)),
  },
  add_header_inherit: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'on',
    read: choice('addHeaderInherit', 'on', 'off', 'merge'),
  },
  add_trailer_inherit: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'on',
    read: choice('addTrailerInherit', 'on', 'off', 'merge'),
  },
  expires: {
    contexts: HTTP_TO_IF,
    args: [1, 2],
    default: 'off',
    read: (use) => use.set('expires', expiresOf(use)),
  },
};

function addedField(use: Use): {
  name: string;
  value: ReturnType<Use['template']>;
  always: boolean;
} {
  const [name = '', value = '', always] = use.args;
  if (always !== undefined && always !== 'always') use.fail(`invalid parameter "${always}"`);
  return { name, value: use.template(value), always: always === 'always' };
}

function expiresOf(use: Use): ExpiresConf {
  const [first = '', second] = use.args;
  if (first === 'modified' && second !== undefined) {
    if (second.includes('$')) {
      return { kind: 'variable', value: use.template(second), modified: true };
    }
    return { kind: 'modified', seconds: signedSeconds(use, second) };
  }
  if (second !== undefined) use.failValue();
  if (first === 'off' || first === 'epoch' || first === 'max') return { kind: first };
  if (first.includes('$')) return { kind: 'variable', value: use.template(), modified: false };
  if (first.startsWith('@')) {
    const seconds = secondsOf(first.slice(1));
    if (seconds === undefined || seconds > 86_400)
      use.fail('"expires" directive daily time value must be less than 24 hours');
    return { kind: 'daily', seconds };
  }
  return { kind: 'access', seconds: signedSeconds(use, first) };
}

function signedSeconds(use: Use, text: string): number {
  const negative = text.startsWith('-');
  const seconds = secondsOf(negative || text.startsWith('+') ? text.slice(1) : text);
  if (seconds === undefined) use.failValue();
  return negative ? -seconds : seconds;
}
