import type { ErrorPage, TryFiles } from '../../server/conf/core-conf.ts';
import {
  choice,
  count,
  type DirectiveTable,
  flag,
  MANY,
  size,
  text,
  type Use,
} from '../directive.ts';
import { HTTP_SERVER_LOCATION, HTTP_TO_IF } from './contexts.ts';
import { locationKeyOf } from './http.ts';

/** What the core module takes in `http`, `server` and `location`, but for what is the client's. */
export const coreDirectives: DirectiveTable = {
  root: {
    contexts: HTTP_TO_IF,
    args: 1,
    default: 'html',
    read: (use) => {
      if (use.scope.values.alias !== undefined)
        use.fail('"root" directive is duplicate, "alias" directive was specified earlier');
      use.set('root', use.template());
      use.scope.values.alias = undefined;
    },
  },
  alias: {
    contexts: ['location'],
    args: 1,
    read: (use) => {
      if (use.scope.values.root !== undefined)
        use.fail('"alias" directive is duplicate, "root" directive was specified earlier');
      use.set('alias', { path: use.template(), matched: matchedBy(use) });
    },
  },
  types: { contexts: HTTP_SERVER_LOCATION, args: 0, block: true, read: readTypes },
  default_type: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'text/plain',
    read: text('defaultType'),
  },
  error_page: {
    contexts: HTTP_TO_IF,
    args: [2, MANY],
    read: (use) => use.append('errorPages', errorPageOf(use)),
  },
  recursive_error_pages: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('recursiveErrorPages'),
  },
  internal: { contexts: ['location'], args: 0, read: (use) => use.setOwn('internal', true) },
  stub_status: {
    contexts: ['server', 'location'],
    args: [0, 1],
    read: (use) => use.setOwn('stubStatus', true),
  },
  post_action: {
    contexts: [...HTTP_SERVER_LOCATION, 'if-location'],
    args: 1,
    read: (use) => use.set('postAction', use.first === 'off' ? undefined : use.template()),
  },
  try_files: {
    contexts: ['server', 'location'],
    args: [2, MANY],
    read: (use) => use.setOwn('tryFiles', tryFilesOf(use)),
  },
  index: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, MANY],
    default: 'index.html',
    read: (use) => use.append('index', ...use.args.map((name) => use.template(name))),
  },
  satisfy: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'all',
    read: choice('satisfy', 'all', 'any'),
  },
  early_hints: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, MANY],
    read: (use) => use.append('earlyHints', ...use.args.map((text) => use.template(text))),
  },
  absolute_redirect: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('absoluteRedirect'),
  },
  server_name_in_redirect: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('serverNameInRedirect'),
  },
  port_in_redirect: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('portInRedirect'),
  },
  msie_padding: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('msiePadding'),
  },
  msie_refresh: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('msieRefresh'),
  },
  log_not_found: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('logNotFound'),
  },
  log_subrequest: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('logSubrequest'),
  },
  server_tokens: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'on',
    read: choice('serverTokens', 'on', 'off', 'build'),
  },
  chunked_transfer_encoding: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('chunkedTransferEncoding'),
  },
  etag: { contexts: HTTP_SERVER_LOCATION, args: 'flag', default: 'on', read: flag('etag') },
  if_modified_since: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'exact',
    read: choice('ifModifiedSince', 'off', 'exact', 'before'),
  },
  max_ranges: { contexts: HTTP_SERVER_LOCATION, args: 1, read: count('maxRanges') },
  limit_rate: { contexts: HTTP_TO_IF, args: 1, default: '0', read: rate('limitRate') },
  limit_rate_after: {
    contexts: HTTP_TO_IF,
    args: 1,
    default: '0',
    read: rate('limitRateAfter'),
  },
  sendfile: { contexts: HTTP_TO_IF, args: 'flag', default: 'off', read: flag('sendfile') },
  tcp_nodelay: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('tcpNodelay'),
  },
  subrequest_output_buffer_size: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '4k',
    read: size('subrequestOutputBufferSize'),
  },
  disable_symlinks: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, 2],
    default: 'off',
    support: 'partly',
    note: 'only `off`',
    read: (use) => {
      if (use.first !== 'off') use.fail('"disable_symlinks" is not supported on this platform');
    },
  },
};

/** How much of a path the location of an `alias` stands for. */
function matchedBy(use: Use): number {
  const key = locationKeyOf(use.scope);
  if (key?.match === 'named')
    use.fail('the "alias" directive cannot be used inside the named location');
  return key === undefined || key.match === 'regex' ? -1 : key.text.length;
}

/** A size, or what becomes one. */
function rate(key: 'limitRate' | 'limitRateAfter'): (use: Use) => void {
  return (use) => {
    if (!use.first.includes('$')) use.size();
    use.set(key, use.template());
  };
}

function readTypes(use: Use): void {
  const known = use.scope.values.types as ReadonlyMap<string, string> | undefined;
  const types = new Map(known);
  for (const node of use.node.block ?? []) {
    if (node.kind === 'broken') throw node.error;
    for (const extension of node.args) types.set(extension.toLowerCase(), node.name);
  }
  use.scope.values.types = types;
}

function errorPageOf(use: Use): ErrorPage {
  const words = [...use.args];
  const target = words.pop() as string;
  let answer: ErrorPage['answer'];
  const last = words.at(-1) as string;
  if (last.startsWith('=')) {
    if (words.length === 1) use.fail(`invalid value "${last}"`);
    words.pop();
    if (last === '=') answer = 'target';
    else if (/^=\d+$/.test(last)) answer = Number(last.slice(1));
    else use.fail(`invalid value "${last}"`);
  }
  const statuses = words.map((word) => {
    const status = /^\d+$/.test(word) ? Number(word) : use.fail(`invalid value "${word}"`);
    if (status === 499) use.fail(`invalid value "${word}"`);
    if (status < 300 || status > 599) use.fail(`value "${word}" must be between 300 and 599`);
    return status;
  });
  return { statuses, answer, target: use.template(target) };
}

function tryFilesOf(use: Use): TryFiles {
  const words = [...use.args];
  const last = words.pop() as string;
  const files = words.map((word) => {
    const directory = word.length > 1 && word.endsWith('/');
    return { path: use.template(directory ? word.slice(0, -1) : word), directory };
  });
  if (!last.startsWith('=')) return { files, last: { uri: use.template(last) } };
  const status = Number(last.slice(1));
  if (!/^=\d+$/.test(last) || status > 999) use.fail(`invalid code "${last}"`);
  return { files, last: { status } };
}
