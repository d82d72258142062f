import { count, type DirectiveTable, flag, ignored, MANY } from '../directive.ts';
import { HTTP_SERVER_LOCATION, HTTP_TO_IF } from './contexts.ts';
import { typesOf } from './mime-types.ts';

/** Server side includes. */
export const ssiDirectives: DirectiveTable = {
  ssi: { contexts: HTTP_TO_IF, args: 'flag', default: 'off', read: flag('ssi') },
  ssi_silent_errors: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('ssiSilentErrors'),
  },
  ssi_last_modified: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('ssiLastModified'),
  },
  ssi_types: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, MANY],
    default: 'text/html',
    read: typesOf('ssiTypes'),
  },
  ssi_value_length: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: '256',
    read: count('ssiValueLength'),
  },
  ssi_min_file_chunk: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  ssi_ignore_recycled_buffers: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    support: 'no effect',
    read: ignored,
  },
};
