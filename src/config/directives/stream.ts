import type { StreamContent, StreamListenConf, StreamSet } from '../../server/conf/stream-conf.ts';
import { type DirectiveTable, flag, ignored, MANY, time, type Use } from '../directive.ts';
import { noteTarget } from '../host-use.ts';
import { addressText } from '../listen.ts';
import type { ContextName } from '../scope.ts';
import { streamListenOf } from '../stream-listen.ts';
import { serverNames } from './http.ts';

export const STREAM_SERVER: readonly ContextName[] = ['stream', 'stream-server'];

/** `stream`, `server` and what its connections have in common. */
export const streamDirectives: DirectiveTable = {
  stream: {
    contexts: ['main'],
    args: 0,
    block: true,
    read: (use) => {
      if (use.scope.parts.has('stream')) use.failDuplicate();
      use.scope.parts.set('stream', use.block('stream'));
    },
  },
  server: {
    contexts: ['stream'],
    args: 0,
    block: true,
    read: (use) => {
      const scope = use.block('stream-server');
      if (scope.own.streamListens === undefined) use.fail('no "listen" is defined for server');
      use.scope.children.push(scope);
    },
  },
  listen: { contexts: ['stream-server'], args: [1, MANY], read: readListen },
  server_name: {
    contexts: ['stream-server'],
    args: [1, MANY],
    read: (use) => {
      const known = (use.scope.own.names as unknown[] | undefined) ?? [];
      use.scope.own.names = [...known, ...use.args.flatMap((name) => serverNames(use, name))];
      use.scope.own.name ??= use.first.startsWith('.') ? use.first.slice(1) : use.first;
    },
  },
  tcp_nodelay: { contexts: STREAM_SERVER, args: 'flag', default: 'on', read: flag('tcpNodelay') },
  proxy_protocol_timeout: {
    contexts: STREAM_SERVER,
    args: 1,
    default: '30s',
    read: time('proxyProtocolTimeout'),
  },
  preread_buffer_size: { contexts: STREAM_SERVER, args: 1, support: 'no effect', read: ignored },
  preread_timeout: { contexts: STREAM_SERVER, args: 1, support: 'no effect', read: ignored },
  ssl_preread: {
    contexts: STREAM_SERVER,
    args: 'flag',
    support: 'not yet',
    note: 'TLS is not there yet',
    read: ignored,
  },
  variables_hash_max_size: { contexts: ['stream'], args: 1, support: 'no effect', read: ignored },
  variables_hash_bucket_size: {
    contexts: ['stream'],
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  server_names_hash_max_size: {
    contexts: ['stream'],
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  server_names_hash_bucket_size: {
    contexts: ['stream'],
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  return: {
    contexts: ['stream-server'],
    args: 1,
    read: (use) => setContent(use, { kind: 'return', text: use.template() }),
  },
  pass: {
    contexts: ['stream-server'],
    args: 1,
    read: (use) => setContent(use, { kind: 'pass', to: use.template() }),
  },
  proxy_pass: {
    contexts: ['stream-server'],
    args: 1,
    read: (use) => {
      const to = use.template();
      if (typeof to === 'string') noteTarget(use, to, 'stream');
      setContent(use, { kind: 'proxy', to });
    },
  },
  set: { contexts: ['stream-server'], args: 2, read: readSet },
};

function readListen(use: Use): void {
  const listen = streamListenOf(use);
  const known = (use.scope.own.streamListens as StreamListenConf[] | undefined) ?? [];
  if (known.some(({ text, udp }) => text === listen.text && udp === listen.udp)) {
    use.fail(`a duplicate listen ${addressText(listen.endpoint)}`);
  }
  use.scope.own.streamListens = [...known, listen];
}

/** A second one of the same name is a mistake; of several kinds, the last one holds. */
function setContent(use: Use, content: StreamContent): void {
  const known = use.scope.own.streamContent as StreamContent | undefined;
  if (known?.kind === content.kind) use.failDuplicate();
  use.scope.own.streamContent = content;
}

function readSet(use: Use): void {
  const [word = '', value = ''] = use.args;
  if (!word.startsWith('$') || word.length < 2) use.fail(`invalid variable name "${word}"`);
  const sets = (use.scope.own.sets as StreamSet[] | undefined) ?? [];
  use.scope.own.sets = [...sets, { variable: word.slice(1), value: use.template(value) }];
}
