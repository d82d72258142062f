import { type DirectiveTable, ignored } from '../directive.ts';
import { HTTP_SERVER, HTTP_SERVER_LOCATION } from './contexts.ts';

/** What tunes memory, files and sockets of nginx: taken, and of no effect here. */
export const coreHintDirectives: DirectiveTable = {
  types_hash_max_size: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  types_hash_bucket_size: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  server_names_hash_max_size: { contexts: ['http'], args: 1, support: 'no effect', read: ignored },
  server_names_hash_bucket_size: {
    contexts: ['http'],
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  variables_hash_max_size: {
    contexts: ['http', 'stream'],
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  variables_hash_bucket_size: {
    contexts: ['http', 'stream'],
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  sendfile_max_chunk: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  tcp_nopush: { contexts: HTTP_SERVER_LOCATION, args: 'flag', support: 'no effect', read: ignored },
  aio: { contexts: HTTP_SERVER_LOCATION, args: 1, support: 'no effect', read: ignored },
  aio_write: { contexts: HTTP_SERVER_LOCATION, args: 'flag', support: 'no effect', read: ignored },
  directio: { contexts: HTTP_SERVER_LOCATION, args: 1, support: 'no effect', read: ignored },
  directio_alignment: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  read_ahead: { contexts: HTTP_SERVER_LOCATION, args: 1, support: 'no effect', read: ignored },
  output_buffers: { contexts: HTTP_SERVER_LOCATION, args: 2, support: 'no effect', read: ignored },
  postpone_output: { contexts: HTTP_SERVER_LOCATION, args: 1, support: 'no effect', read: ignored },
  send_lowat: { contexts: HTTP_SERVER_LOCATION, args: 1, support: 'no effect', read: ignored },
  connection_pool_size: { contexts: HTTP_SERVER, args: 1, support: 'no effect', read: ignored },
  request_pool_size: { contexts: HTTP_SERVER, args: 1, support: 'no effect', read: ignored },
};
