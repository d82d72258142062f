import { type DirectiveRow, type DirectiveTable, ignored, MANY } from '../directive.ts';

/**
 * What tunes TLS says nothing where nothing listens for it: a file that has it and no listener with
 * `ssl`, which is refused, means the same without it.
 */
const TUNING: DirectiveRow = {
  contexts: ['http', 'server', 'stream', 'stream-server'],
  args: [1, MANY],
  support: 'no effect',
  note: 'TLS is not there yet: `listen … ssl` is refused',
  read: ignored,
};

/** Settings of listeners with TLS. */
export const sslDirectives: DirectiveTable = {
  ssl_protocols: TUNING,
  ssl_prefer_server_ciphers: TUNING,
  ssl_ciphers: TUNING,
  ssl_ecdh_curve: TUNING,
  ssl_dhparam: TUNING,
  ssl_session_cache: TUNING,
  ssl_session_timeout: TUNING,
  ssl_session_tickets: TUNING,
  ssl_buffer_size: TUNING,
};
