import { count, type DirectiveTable, flag, ignored, size, template, time } from '../directive.ts';
import { STREAM_SERVER } from './stream.ts';

const PROTOCOLS = { off: 0, on: 1, v2: 2 } as const;

/** How connections of `stream` go to other servers. */
export const streamProxyDirectives: DirectiveTable = {
  proxy_connect_timeout: {
    contexts: STREAM_SERVER,
    args: 1,
    default: '60s',
    read: time('proxyConnectTimeout'),
  },
  proxy_timeout: { contexts: STREAM_SERVER, args: 1, default: '10m', read: time('proxyTimeout') },
  proxy_bind: {
    contexts: STREAM_SERVER,
    args: [1, 2],
    default: 'off',
    read: (use) => {
      const [, word] = use.args;
      if (word === 'transparent')
        use.fail('transparent proxying is not supported on this platform');
      if (word !== undefined) use.fail(`invalid parameter "${word}"`);
      use.set('proxyBind', use.template());
    },
  },
  proxy_buffer_size: {
    contexts: STREAM_SERVER,
    args: 1,
    default: '16k',
    support: 'partly',
    note: 'for directions with a rate',
    read: size('proxyBufferSize'),
  },
  proxy_upload_rate: {
    contexts: STREAM_SERVER,
    args: 1,
    default: '0',
    read: template('proxyUploadRate'),
  },
  proxy_download_rate: {
    contexts: STREAM_SERVER,
    args: 1,
    default: '0',
    read: template('proxyDownloadRate'),
  },
  proxy_requests: { contexts: STREAM_SERVER, args: 1, default: '0', read: count('proxyRequests') },
  proxy_responses: {
    contexts: STREAM_SERVER,
    args: 1,
    read: (use) => use.set('proxyResponses', use.number()),
  },
  proxy_next_upstream: {
    contexts: STREAM_SERVER,
    args: 'flag',
    default: 'on',
    read: flag('proxyTriesNext'),
  },
  proxy_next_upstream_tries: {
    contexts: STREAM_SERVER,
    args: 1,
    default: '0',
    read: count('proxyNextUpstreamTries'),
  },
  proxy_next_upstream_timeout: {
    contexts: STREAM_SERVER,
    args: 1,
    default: '0',
    read: time('proxyNextUpstreamTimeout'),
  },
  proxy_protocol: {
    contexts: STREAM_SERVER,
    args: 1,
    default: 'off',
    read: (use) => use.set('proxyProtocolOut', PROTOCOLS[use.oneOf('off', 'on', 'v2')]),
  },
  proxy_half_close: {
    contexts: STREAM_SERVER,
    args: 'flag',
    default: 'off',
    read: flag('proxyHalfClose'),
  },
  proxy_socket_keepalive: {
    contexts: STREAM_SERVER,
    args: 'flag',
    support: 'no effect',
    read: ignored,
  },
  proxy_socket_rcvbuf: { contexts: STREAM_SERVER, args: 1, support: 'no effect', read: ignored },
  proxy_socket_sndbuf: { contexts: STREAM_SERVER, args: 1, support: 'no effect', read: ignored },
  proxy_ssl: {
    contexts: STREAM_SERVER,
    args: 'flag',
    support: 'not yet',
    note: 'TLS is not there yet',
    read: ignored,
  },
};
