import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingTool } from '../proxy/machine.ts';
import { runTool } from '../proxy/processes.ts';

/** A relay that can be started on a port in front of an upstream. */
export type Contestant = {
  readonly name: string;
  readonly version: string | undefined;
  command(port: number, upstreamPort: number, directory: string): readonly string[];
};

/** One that cannot take part, and why. */
export type Skipped = { readonly name: string; readonly reason: string };

/** The partner of every pair. */
export const NGINX = 'nginx';

const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';
const TOOL_MS_MAX = 5000;
const OURS = /^sluice@([a-z0-9-]+)$/;
const NAMES: readonly string[] = [
  'sluice@epoll',
  'sluice@epoll-copying',
  'sluice@io-uring',
  'sluice@node',
  'haproxy',
  'haproxy-splice',
  'nginx-256k',
];

/** nginx and the contestants by name; all of them without names. Throws on an unknown one. */
export async function findContestants(
  wanted: readonly string[],
): Promise<{ contestants: Contestant[]; skipped: Skipped[] }> {
  const contestants: Contestant[] = [];
  const skipped: Skipped[] = [];
  for (const name of new Set([NGINX, ...(wanted.length > 0 ? wanted : NAMES)])) {
    const adapter = OURS.exec(name)?.[1];
    if (adapter === undefined && name !== NGINX && !NAMES.includes(name)) {
      throw new Error(`there is no contestant ${name}; known: nginx, ${NAMES.join(', ')}`);
    }
    const found =
      adapter !== undefined
        ? sluice(name, adapter)
        : await (name.startsWith('haproxy') ? haproxy(name) : nginx(name));
    if ('reason' in found) skipped.push(found);
    else contestants.push(found);
  }
  return { contestants, skipped };
}

function sluice(name: string, adapter: string): Contestant {
  const script = join(import.meta.dirname, 'contestants/sluice.js');
  const argv = [process.execPath, script, '--adapter', adapter];
  return {
    name,
    version: process.version,
    command: (port, upstreamPort) => [...argv, String(port), String(upstreamPort)],
  };
}

/** nginx's stream module, by default with its own buffers of 16 KiB. */
async function nginx(name: string): Promise<Contestant | Skipped> {
  if (missingTool(['nginx']) !== undefined) return { name, reason: 'nginx is not here' };
  const { stderr } = await runTool(['nginx', '-V'], TOOL_MS_MAX);
  const builtIn = /--with-stream(?![=_])/.test(stderr);
  if (!builtIn && !existsSync(STREAM_MODULE)) {
    return { name, reason: `its stream module is not here (libnginx-mod-stream)` };
  }
  const buffers = name === 'nginx-256k' ? 'proxy_buffer_size 256k;' : '';
  return {
    name,
    version: /nginx\/(\S+)/.exec(stderr)?.[1],
    command(port, upstreamPort, directory) {
      mkdirSync(directory, { recursive: true });
      const file = join(directory, 'nginx.conf');
      writeFileSync(
        file,
        `${builtIn ? '' : `load_module ${STREAM_MODULE};`}
daemon off;
master_process off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
stream {
  access_log off;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    proxy_pass 127.0.0.1:${upstreamPort};
    proxy_timeout 1h;
    # As all others do: one side's end is passed on, and the other side goes on.
    proxy_half_close on;
    ${buffers}
  }
}
`,
      );
      return ['nginx', '-e', 'stderr', '-p', directory, '-c', file];
    },
  };
}

/**
 * HAProxy with one thread, in TCP mode: splicing where it finds that worth it (splice-auto), or, as
 * `haproxy-splice`, always.
 */
async function haproxy(name: string): Promise<Contestant | Skipped> {
  if (missingTool(['haproxy']) !== undefined) return { name, reason: 'haproxy is not here' };
  const { stdout } = await runTool(['haproxy', '-v'], TOOL_MS_MAX);
  const options = name === 'haproxy' ? ['splice-auto'] : ['splice-request', 'splice-response'];
  return {
    name,
    version: /version (\S+)/.exec(stdout)?.[1],
    command(port, upstreamPort, directory) {
      mkdirSync(directory, { recursive: true });
      const file = join(directory, 'haproxy.cfg');
      writeFileSync(
        file,
        `global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
${options.map((option) => `  option ${option}`).join('\n')}
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen relay
  bind 127.0.0.1:${port} backlog 4096
  server upstream 127.0.0.1:${upstreamPort}
`,
      );
      return ['haproxy', '-db', '-q', '-f', file];
    },
  };
}
