import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BROWSER_FIELDS, FILES_PATH, SCENARIOS, SMALL_BODY } from './scenarios.ts';

/** A limit that no run reaches, where nginx 1.22 would close after 1000 requests. */
const REQUESTS_MAX = 1_000_000_000;

/**
 * By the layout of its heap, which differs from start to start, glibc returns freed buffers to the
 * kernel or keeps them. Two equal nginx then differ by 1.6 in the 1 MiB scenario, from page faults
 * alone. Kept buffers are nginx's better mode, and the same each time. `env` becomes nginx.
 */
const STEADY_HEAP: readonly string[] = ['env', 'MALLOC_TRIM_THRESHOLD_=67108864'];

/** The upstream pool's size, the same for every contestant: twice wrk's default connections. */
export const POOL_SIZE = 128;

/** Writes a configuration for the server that answers all contestants; returns its command. */
export function upstreamCommand(directory: string, port: number): readonly string[] {
  const root = writeBodies(directory);
  // The path /fields gives the fields back, so that a contestant that drops some is found out.
  const fields = Object.keys(BROWSER_FIELDS).map((name) => `$http_${variable(name)}`);
  return command(
    directory,
    `
    open_file_cache max=16 inactive=1h;
    open_file_cache_valid 1h;
    server {
      listen 127.0.0.1:${port} backlog=4096;
      root ${root};
      default_type text/plain;
      location = / { return 200 "${SMALL_BODY.replace('\n', '\\n')}"; }
      location = /fields { return 200 '${fields.join('|')}'; }
      location = /status { stub_status; }
    }`,
  );
}

/** The bodies of all scenarios, as files below the directory that is returned. */
function writeBodies(directory: string): string {
  const root = join(directory, 'bodies');
  for (const { path, bodyBytes } of SCENARIOS) {
    if (path === '/') continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), 'x'.repeat(bodyBytes));
  }
  return root;
}

/** Writes a configuration for nginx as the contestant; returns its command. */
export function proxyCommand(
  directory: string,
  port: number,
  upstreamPort: number,
  logFile: string | undefined,
): readonly string[] {
  return command(directory, proxyBlock(writeBodies(directory), port, upstreamPort, logFile));
}

/** The same configuration for our own program: `program` is run instead of nginx. */
export function programCommand(
  program: readonly string[],
  adapter: string,
  directory: string,
  port: number,
  upstreamPort: number,
  logFile: string | undefined,
): readonly string[] {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'sluice.conf');
  const temporary = ['client_body', 'proxy'];
  const http = proxyBlock(writeBodies(directory), port, upstreamPort, logFile);
  writeFileSync(file, confText(directory, temporary, `use ${adapter};`, http));
  return [...program, '-e', 'stderr', '-p', directory, '-c', file];
}

function proxyBlock(
  root: string,
  port: number,
  upstreamPort: number,
  logFile: string | undefined,
): string {
  const log = logFile === undefined ? 'off' : `${logFile} combined buffer=64k`;
  return `
    # Bodies pass through memory: no Node peer writes what a slow reader leaves to a file.
    proxy_max_temp_file_size 0;
    # With the default 8 buffers of 4k, 1 MiB costs nginx several times as much: no fair partner.
    proxy_buffer_size 16k;
    proxy_buffers 8 64k;
    proxy_busy_buffers_size 128k;
    upstream backend {
      server 127.0.0.1:${upstreamPort};
      keepalive ${POOL_SIZE};
      keepalive_requests ${REQUESTS_MAX};
      keepalive_timeout 1h;
    }
    server {
      listen 127.0.0.1:${port} backlog=4096;
      access_log ${log};
      root ${root};
      location ${FILES_PATH} { }
      location / {
        proxy_pass http://backend;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
      }
    }`;
}

/**
 * One process, without a master: a worker is all that serves, and one pid is all to be counted.
 * Every path lies in `directory`, so the system's own nginx is neither read nor disturbed.
 */
function command(directory: string, http: string): readonly string[] {
  mkdirSync(directory, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(join(directory, 'nginx.conf'), confText(directory, temporary, '', http));
  return [
    ...STEADY_HEAP,
    'nginx',
    '-e',
    'stderr',
    '-p',
    directory,
    '-c',
    join(directory, 'nginx.conf'),
  ];
}

function confText(
  directory: string,
  temporary: readonly string[],
  use: string,
  http: string,
): string {
  return `daemon off;
  master_process off;
  worker_processes 1;
  pid ${directory}/nginx.pid;
  error_log stderr error;
  events { worker_connections 16384; ${use} }
  http {
    access_log off;
    sendfile on;
    keepalive_requests ${REQUESTS_MAX};
    keepalive_timeout 1h;
${temporary.map((name) => `    ${name}_temp_path ${directory}/${name};`).join('\n')}
${http}
  }
`;
}

/** nginx's own counters of what reached it since its start (stub_status). */
export type UpstreamCount = { readonly connections: number; readonly requests: number };

/** Asks the upstream. Each asking is itself one connection and one request of the count. */
export async function upstreamCount(port: number): Promise<UpstreamCount> {
  const response = await fetch(`http://127.0.0.1:${port}/status`, {
    headers: { connection: 'close' },
  });
  const text = await response.text();
  const found = /^ (\d+) \d+ (\d+)/m.exec(text);
  if (found === null) throw new Error(`the upstream's status is not understood: ${text}`);
  return { connections: Number(found[1]), requests: Number(found[2]) };
}

/** What /fields answers to a request with all browser fields. */
export const FIELDS_ECHO: string = Object.values(BROWSER_FIELDS).join('|');

/** nginx's name for a request field, `$http_user_agent` for User-Agent. */
function variable(field: string): string {
  return field.toLowerCase().replaceAll('-', '_');
}
