import { choice, type DirectiveTable, text, type Use } from '../directive.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';

const SERVICE_MAX = 0xffff_ffff;

/** `userid` and what its cookies are like. */
export const userIdDirectives: DirectiveTable = {
  userid: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'off',
    read: choice('userId', 'off', 'log', 'v1', 'on'),
  },
  userid_name: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'uid',
    read: text('userIdName'),
  },
  userid_domain: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'none',
    read: (use) => use.set('userIdDomain', unless(use, 'none')),
  },
  userid_path: { contexts: HTTP_SERVER_LOCATION, args: 1, default: '/', read: text('userIdPath') },
  userid_expires: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'off',
    read: (use) => {
      if (use.first === 'max') use.set('userIdExpires', 'max');
      else use.set('userIdExpires', use.first === 'off' ? 0 : use.seconds() / 1000);
    },
  },
  userid_p3p: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'none',
    read: (use) => use.set('userIdP3p', unless(use, 'none')),
  },
  userid_service: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    read: (use) => {
      const number = use.number();
      if (number > SERVICE_MAX) use.fail('invalid number');
      use.set('userIdService', number);
    },
  },
  userid_mark: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'off',
    read: (use) => {
      if (!/^(?:off|[A-Za-z0-9=])$/.test(use.first)) {
        use.fail(`"userid_mark" directive value must be "off" or a single letter, digit or "="`);
      }
      use.set('userIdMark', unless(use, 'off'));
    },
  },
  userid_flags: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, 4],
    default: 'off',
    read: (use) => use.set('userIdFlags', flagsOf(use)),
  },
};

/** The word, but '' for the one that means none. */
function unless(use: Use, none: string): string {
  return use.first === none ? '' : use.first;
}

/** In the order in which they are sent. */
const FLAGS = ['secure', 'httponly', 'samesite=strict', 'samesite=lax', 'samesite=none'];

function flagsOf(use: Use): readonly string[] {
  for (const word of use.args) {
    if (word !== 'off' && !FLAGS.includes(word)) use.fail(`invalid value "${word}"`);
  }
  return FLAGS.filter((flag) => use.args.includes(flag));
}
