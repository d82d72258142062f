import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimProactor, SimWorld } from '../../adapters/sim/index.ts';
import { readConfig } from '../../src/config/index.ts';
import { MODULES, Site } from '../../src/server/index.ts';
import { environment } from '../server/site-kit.ts';
import type { Snippet } from './agreement-cases.ts';

const NGINX = '/usr/sbin/nginx';
const NGINX_MS_MAX = 10_000;

/** Is there an nginx to compare with? */
export const HAS_NGINX: boolean = existsSync(NGINX);

/** `ok`, or the line and the words of what is wrong; line 0 where none is named. */
export type Verdict = 'ok' | { readonly line: number; readonly message: string };

/** Directories of bodies that are too large, which Debian's nginx has elsewhere. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
const PATHS = TEMPORARY.map((name) => `${name}_temp_path tmp/${name};`).join(' ');
/** The same for a program that has the first two of these. */
const OUR_PATHS = `${TEMPORARY.slice(0, 2)
  .map((name) => `${name}_temp_path tmp/${name};`)
  .join(' ')}`;

/** A whole configuration around a part of one; the first line of the part is always in the same line. */
export function configOf({ level, text }: Snippet, paths: string): string {
  if (level === 'main') return text;
  const inServer = level === 'location' ? `location /l {\n${text}\n}` : text;
  const listen = level === 'server' && /listen /.test(text) ? '' : 'listen 127.0.0.1:8999;';
  const inHttp = level === 'http' ? text : `server { ${listen}\n${inServer}\n}`;
  return `events { }\nhttp { ${paths}\n${inHttp}\n}\n`;
}

/** What Debian's nginx says. */
export function nginxVerdict(snippet: Snippet): Verdict {
  const directory = mkdtempSync(join(tmpdir(), 'agreement-'));
  try {
    for (const name of ['logs', 'tmp']) mkdirSync(join(directory, name));
    const file = join(directory, 'nginx.conf');
    writeFileSync(file, configOf(snippet, PATHS));
    const args = ['-t', '-p', `${directory}/`, '-c', file, '-e', 'stderr', '-g', 'pid nginx.pid;'];
    const { status, stderr } = spawnSync(NGINX, args, {
      encoding: 'latin1',
      timeout: NGINX_MS_MAX,
    });
    return status === 0 ? 'ok' : firstError(stderr.replaceAll(`${directory}/`, ''));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function firstError(text: string): Verdict {
  const line = /\[emerg\] (?:\d+#\d+: )?(.*)/.exec(text)?.[1] ?? text;
  return placed(line);
}

/** What we say. */
export async function ourVerdict(snippet: Snippet): Promise<Verdict> {
  const text = configOf(snippet, OUR_PATHS);
  const sources = {
    read: (path: string) => {
      if (path === '/p/nginx.conf') return text;
      throw Object.assign(new Error(path), { code: 'ENOENT' });
    },
    glob: () => [],
  };
  const result = readConfig({ sources, file: '/p/nginx.conf', prefix: '/p/', isRoot: true });
  if ('error' in result) return verdictOf(result.error);
  const port = new SimProactor(new SimWorld({ seed: 1 }).local);
  const world = { name: 'sim', port, any: LOCAL, drive: <Value>(value: Promise<Value>) => value };
  try {
    const { site } = result.conf;
    if (site !== undefined) new Site(site, environment(world, [], new Map()), MODULES);
    return 'ok';
  } catch (error) {
    return verdictOf(error);
  }
}

const LOCAL = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;

function verdictOf(error: unknown): Verdict {
  if (!(error instanceof Error)) throw error;
  return placed(error.message.replaceAll('/p/', ''));
}

/** Takes the place off a message. */
function placed(text: string): Verdict {
  const place = /^(.*) in nginx\.conf:(\d+)$/.exec(text);
  if (place === null) return { line: 0, message: text };
  return { line: Number(place[2]), message: place[1] as string };
}
