import { type DirectiveTable, flag, MANY, text, type Use } from '../directive.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';
import { typesOf } from './mime-types.ts';

/** `auth_request`, `mirror`, `add_before_body` and `add_after_body`. */
export const subrequestsDirectives: DirectiveTable = {
  auth_request: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'off',
    read: (use) => use.set('authRequest', use.first === 'off' ? '' : use.first),
  },
  auth_request_set: {
    contexts: HTTP_SERVER_LOCATION,
    args: 2,
    read: (use) => {
      const variable = variableName(use);
      use.append('authRequestSet', { variable, value: use.template(use.args[1]) });
    },
  },
  mirror: { contexts: HTTP_SERVER_LOCATION, args: 1, default: 'off', read: readMirror },
  mirror_request_body: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('mirrorRequestBody'),
  },
  add_before_body: { contexts: HTTP_SERVER_LOCATION, args: 1, read: text('addBeforeBody') },
  add_after_body: { contexts: HTTP_SERVER_LOCATION, args: 1, read: text('addAfterBody') },
  addition_types: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, MANY],
    default: 'text/html',
    read: typesOf('additionTypes'),
  },
};

function variableName(use: Use): string {
  if (!/^\$[A-Za-z0-9_]+$/.test(use.first)) use.fail(`invalid variable name "${use.first}"`);
  return use.first.slice(1).toLowerCase();
}

/** `off` stands alone. */
function readMirror(use: Use): void {
  const known = use.scope.values.mirror as readonly string[] | undefined;
  if (use.first !== 'off') {
    if (known?.length === 0) use.failDuplicate();
    use.append('mirror', use.first);
  } else if (known === undefined) use.append('mirror');
  else use.failDuplicate();
}
