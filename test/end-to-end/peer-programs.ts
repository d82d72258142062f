import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';

/** A program that runs longer has failed its test. */
const RUN_MS = 45_000;
/** Between choosing a free port and binding it, somebody else may have taken it. */
const STARTS_MAX = 5;

const children = new Set<ChildProcess>();
// An error that nobody caught ends a test without its teardown.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** What a program printed, and how it ended. */
export type Ended = {
  readonly status: number | null;
  readonly out: Buffer;
  readonly text: string;
  readonly errors: string;
};

/** Why a program cannot be run here; `undefined` where it can. */
export function whyNo(program: string): string | undefined {
  const { error } = spawnSync(program, ['-v'], { stdio: 'ignore', timeout: 5_000 });
  const reason =
    error === undefined ? undefined : `${program} cannot be run here: ${error.message}`;
  if (reason !== undefined) test.skip(reason, () => {});
  return reason;
}

/** Runs a program to its end; `input` is what it reads. */
export async function run(
  program: string,
  args: readonly string[],
  input?: Uint8Array,
): Promise<Ended> {
  const signal = AbortSignal.timeout(RUN_MS);
  const env = { PATH: process.env.PATH ?? '' };
  const child = spawn(program, args, { env, signal, killSignal: 'SIGKILL' });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => out.push(data));
  child.stderr.on('data', (data: Buffer) => errors.push(data));
  child.stdin.on('error', () => {}); // It may end without having read all.
  child.stdin.end(input);
  const [status] = await once(child, 'close');
  const all = Buffer.concat(out);
  return { status, out: all, text: String(all), errors: String(Buffer.concat(errors)) };
}

/** Runs curl, which says on `errors` why it fails. */
export function curl(args: readonly string[], input?: Uint8Array): Promise<Ended> {
  return run('curl', ['-sS', '--max-time', '40', ...args], input);
}

/** A folder that is gone when the test has ended. */
export async function folderFor(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-peers-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

/** An nginx of our own: one process, every path in its folder. */
export type Nginx = { readonly url: string };

/** Starts nginx with these directives within `server`, and what else goes within `http`. */
export async function startNginx(
  t: ExecutionContext,
  folder: string,
  server: string,
  http = '',
): Promise<Nginx> {
  for (let start = 1; ; start += 1) {
    const port = await freePort();
    const own = await mkdtemp(join(folder, 'nginx-'));
    await mkdir(join(own, 'temp'));
    const file = join(own, 'nginx.conf');
    await writeFile(file, configuration(own, port, server, http));
    const child = spawn('nginx', ['-e', 'stderr', '-p', own, '-c', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (data: Buffer) => {
      errors += data;
    });
    children.add(child);
    const exited = once(child, 'exit');
    t.teardown(async () => {
      child.kill('SIGKILL');
      await exited;
      children.delete(child);
    });
    const url = `http://127.0.0.1:${port}`;
    if (await answers(url, child)) return { url };
    if (start === STARTS_MAX) throw new Error(`nginx does not start: ${errors}`);
  }
}

function configuration(folder: string, port: number, server: string, http: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  default_type application/octet-stream;
${kinds.map((kind) => `  ${kind}_temp_path ${folder}/temp/${kind};`).join('\n')}
  ${http}
  server {
    listen 127.0.0.1:${port};
    location = /pid { return 200 $pid; }
    ${server}
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until it is this program that answers; `false` when it has ended instead. */
async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const endMs = performance.now() + RUN_MS;
  while (child.exitCode === null && child.signalCode === null && performance.now() < endMs) {
    const said = await fetch(`${url}/pid`, { headers: { connection: 'close' } }).then(
      (response) => response.text(),
      () => undefined,
    );
    if (said === String(child.pid)) return true;
    await setTimeout(10);
  }
  return false;
}
