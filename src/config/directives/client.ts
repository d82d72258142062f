import { choice, count, type DirectiveTable, flag, size, text, time } from '../directive.ts';
import { numberOf, secondsOf } from '../values.ts';
import { HTTP_SERVER, HTTP_SERVER_LOCATION } from './contexts.ts';

/** What the core module takes for clients: their heads, bodies and connections. */
export const clientDirectives: DirectiveTable = {
  client_header_timeout: {
    contexts: HTTP_SERVER,
    args: 1,
    default: '60s',
    read: time('clientHeaderTimeout'),
  },
  client_header_buffer_size: {
    contexts: HTTP_SERVER,
    args: 1,
    default: '1k',
    read: size('clientHeaderBufferSize'),
  },
  large_client_header_buffers: {
    contexts: HTTP_SERVER,
    args: 2,
    default: '4 8k',
    read: (use) => {
      const [buffers = '', bytes = ''] = use.args;
      const number = numberOf(buffers) || use.failValue();
      use.set('largeClientHeaderBuffers', { number, size: use.size(bytes) });
    },
  },
  ignore_invalid_headers: {
    contexts: HTTP_SERVER,
    args: 'flag',
    default: 'on',
    read: flag('ignoreInvalidHeaders'),
  },
  underscores_in_headers: {
    contexts: HTTP_SERVER,
    args: 'flag',
    default: 'off',
    read: flag('underscoresInHeaders'),
  },
  merge_slashes: { contexts: HTTP_SERVER, args: 'flag', default: 'on', read: flag('mergeSlashes') },
  max_headers: { contexts: HTTP_SERVER, args: 1, default: '1000', read: count('maxHeaders') },
  client_max_body_size: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '1m',
    read: (use) => use.set('clientMaxBodySize', use.offset()),
  },
  client_body_buffer_size: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '16k',
    read: size('clientBodyBufferSize'),
  },
  client_body_timeout: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '60s',
    read: time('clientBodyTimeout'),
  },
  client_body_in_file_only: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'off',
    read: choice('clientBodyInFileOnly', 'off', 'on', 'clean'),
  },
  client_body_in_single_buffer: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('clientBodyInSingleBuffer'),
  },
  client_body_temp_path: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, 4],
    default: 'client_body_temp',
    read: text('clientBodyTempPath'),
  },
  keepalive_timeout: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, 2],
    default: '75s',
    read: (use) => {
      const [timeout = '', header] = use.args;
      use.set('keepaliveTimeout', use.time(timeout));
      const seconds = header === undefined ? 0 : (secondsOf(header) ?? use.failValue());
      use.set('keepaliveHeader', seconds);
    },
  },
  keepalive_requests: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '1000',
    read: count('keepaliveRequests'),
  },
  keepalive_time: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '1h',
    read: time('keepaliveTime'),
  },
  keepalive_min_timeout: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '0',
    support: 'no effect',
    note: 'idle connections are closed when a worker ends, after requests on their way',
    read: (use) => {
      use.time();
    },
  },
  keepalive_disable: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, 2],
    default: 'msie6',
    read: (use) => {
      const known = ['none', 'msie6', 'safari'];
      const wrong = use.args.find((word) => !known.includes(word));
      if (wrong !== undefined) use.fail(`invalid value "${wrong}"`);
      use.set('keepaliveDisable', use.args);
    },
  },
  lingering_close: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'on',
    read: choice('lingeringClose', 'off', 'on', 'always'),
  },
  lingering_time: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '30s',
    read: time('lingeringTime'),
  },
  lingering_timeout: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '5s',
    read: time('lingeringTimeout'),
  },
  reset_timedout_connection: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('resetTimedoutConnection'),
  },
  send_timeout: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '60s',
    read: time('sendTimeout'),
  },
};
