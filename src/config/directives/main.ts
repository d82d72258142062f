import { type DirectiveTable, flag, ignored, MANY, text, time } from '../directive.ts';
import { numberOf } from '../values.ts';

/** Nginx's ways to wait, of which there is one here, and ours. */
const EVENT_TYPES = new Set([
  'epoll',
  'poll',
  'select',
  'kqueue',
  'eventport',
  '/dev/poll',
  'node',
  'io-uring',
  'sim',
]);

/** Modules that Debian packages apart from nginx, and that are part of the program here. */
const BUILT_IN = new Set(['ngx_stream_module']);

/** What stands outside of all blocks, and in `events`. */
export const mainDirectives: DirectiveTable = {
  load_module: {
    contexts: ['main'],
    args: 1,
    support: 'partly',
    note: 'modules of nginx that are built in here need no loading; others are refused',
    read: (use) => {
      const name = use.first.replace(/^.*\//, '').replace(/\.so$/, '');
      if (!BUILT_IN.has(name))
        use.fail(`dlopen() "${use.first}" failed`, 'not built in, and nothing is loaded');
    },
  },
  daemon: { contexts: ['main'], args: 'flag', default: 'on', read: flag('daemon') },
  master_process: { contexts: ['main'], args: 'flag', default: 'on', read: flag('masterProcess') },
  worker_processes: {
    contexts: ['main'],
    args: 1,
    default: '1',
    read: (use) => {
      if (use.first === 'auto') use.set('workerProcesses', 'auto');
      else use.set('workerProcesses', numberOf(use.first) || use.failValue());
    },
  },
  worker_shutdown_timeout: {
    contexts: ['main'],
    args: 1,
    read: time('workerShutdownTimeout'),
  },
  worker_rlimit_nofile: {
    contexts: ['main'],
    args: 1,
    read: (use) => use.set('workerRlimitNofile', use.number()),
  },
  pid: { contexts: ['main'], args: 1, default: 'logs/nginx.pid', read: text('pid') },
  user: {
    contexts: ['main'],
    args: [1, 2],
    default: 'nobody nobody',
    read: (use) => use.set('user', { name: use.first, group: use.args[1] }),
  },
  env: { contexts: ['main'], args: 1, read: (use) => use.append('env', use.first) },
  events: {
    contexts: ['main'],
    args: 0,
    block: true,
    read: (use) => {
      if (use.scope.parts.has('events')) use.failDuplicate();
      use.scope.parts.set('events', use.block('events'));
    },
  },
  worker_connections: {
    contexts: ['events'],
    args: 1,
    default: '512',
    read: (use) => {
      const count = numberOf(use.first);
      if (count === undefined) return use.fail(`invalid number "${use.first}"`);
      use.set('workerConnections', count);
    },
  },
  use: {
    contexts: ['events'],
    args: 1,
    read: (use) => {
      if (!EVENT_TYPES.has(use.first)) use.fail(`invalid event type "${use.first}"`);
      use.set('use', use.first);
    },
  },
  multi_accept: { contexts: ['events'], args: 'flag', default: 'off', read: flag('multiAccept') },
  debug_connection: {
    contexts: ['events'],
    args: 1,
    read: (use) => {
      const known = use.scope.values.debugConnections as readonly string[] | undefined;
      use.scope.values.debugConnections = [...(known ?? []), use.first];
    },
  },
  accept_mutex: { contexts: ['events'], args: 'flag', support: 'no effect', read: ignored },
  accept_mutex_delay: { contexts: ['events'], args: 1, support: 'no effect', read: ignored },
  worker_aio_requests: { contexts: ['events'], args: 1, support: 'no effect', read: ignored },
  worker_cpu_affinity: { contexts: ['main'], args: [1, MANY], support: 'no effect', read: ignored },
  worker_priority: { contexts: ['main'], args: 1, support: 'no effect', read: ignored },
  worker_rlimit_core: { contexts: ['main'], args: 1, support: 'no effect', read: ignored },
  working_directory: { contexts: ['main'], args: 1, support: 'no effect', read: ignored },
  timer_resolution: { contexts: ['main'], args: 1, support: 'no effect', read: ignored },
  thread_pool: { contexts: ['main'], args: [2, 3], support: 'no effect', read: ignored },
  pcre_jit: { contexts: ['main'], args: 'flag', support: 'no effect', read: ignored },
  lock_file: { contexts: ['main'], args: 1, support: 'no effect', read: ignored },
  debug_points: { contexts: ['main'], args: 1, support: 'no effect', read: ignored },
  ssl_engine: {
    contexts: ['main'],
    args: 1,
    support: 'not yet',
    note: 'node:tls chooses the engine itself',
    read: ignored,
  },
};
