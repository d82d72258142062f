import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

export const MAIN: string = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const POLL_MS = 10;
const WAIT_MS = 15_000;
/** Workers are whoever runs the tests. */
const USER = process.getuid?.() === 0 ? 'user root;' : '';

/** How a run of the command ended. */
export type Outcome = {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
};

/** A folder with a configuration, and programs that run with it; gone when the test ends. */
export class Place {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'sluice-'));
  readonly #children: ChildProcess[] = [];

  constructor(t: ExecutionContext) {
    mkdirSync(join(this.folder, 'logs'));
    t.teardown(() => this.#clear());
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** `http`: what stands in a server that listens on the UNIX socket `a.sock`. */
  configure(http: string, main = ''): void {
    const listen = `listen unix:${this.path('a.sock')};`;
    this.write(
      'nginx.conf',
      `${USER} daemon off; error_log logs/error.log notice; ${main}
      events {}
      http { access_log off; server { ${listen} ${http} } }`,
    );
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  read(name: string): string {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'latin1') : '';
  }

  /** Starts the program, which ends with the test at the latest. */
  spawn(args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): ChildProcess {
    const options = ['-p', this.folder, '-c', 'nginx.conf', ...args];
    const child = spawn(process.execPath, [MAIN, ...options], {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { ...process.env, ...environment },
    });
    this.#children.push(child);
    return child;
  }

  /** Starts the program, and waits for its pid file. */
  async start(args: readonly string[] = []): Promise<ChildProcess> {
    const child = this.spawn(args);
    await this.until('a pid file', () => this.pid !== undefined);
    return child;
  }

  /** Runs the command to its end. */
  run(args: readonly string[]): Promise<Outcome> {
    const options = ['-p', this.folder, '-c', 'nginx.conf', ...args];
    const child = spawn(process.execPath, [MAIN, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    let out = '';
    let err = '';
    child.stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString('latin1');
    });
    child.stderr.on('data', (bytes: Buffer) => {
      err += bytes.toString('latin1');
    });
    return new Promise((resolve) => {
      child.once('close', (status) => resolve({ status, out, err }));
    });
  }

  /** What stands in the pid file. */
  get pid(): number | undefined {
    return this.pidIn('logs/nginx.pid');
  }

  pidIn(name: string): number | undefined {
    const text = this.read(name);
    return /^\d+\n$/.test(text) ? Number(text) : undefined;
  }

  get log(): string {
    return this.read('logs/error.log');
  }

  /** Waits until the error log has this many such texts. */
  logged(text: string, count = 1): Promise<void> {
    return this.until(`${count} × ${text}`, () => this.log.split(text).length > count);
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + WAIT_MS;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`no ${what}; the log:\n${this.log}`);
      await sleep(POLL_MS);
    }
  }

  /** The body of an answer; rejects where nobody answers. */
  get(socket = 'a.sock', path = '/'): Promise<string> {
    return new Promise((resolve, reject) => {
      const ask = request({ socketPath: this.path(socket), path, agent: false, timeout: WAIT_MS });
      ask.once('timeout', () => ask.destroy(new Error('no answer')));
      ask.once('error', reject);
      ask.once('response', (response: IncomingMessage) => {
        let body = '';
        response.on('data', (bytes: Buffer) => {
          body += bytes.toString('latin1');
        });
        response.once('end', () => resolve(body));
        response.once('error', reject);
      });
      ask.end();
    });
  }

  /** Workers of this program, by its log. */
  get workers(): readonly number[] {
    const started = [...this.log.matchAll(/start worker process (\d+)/g)].map(([, pid]) => pid);
    const ended = [...this.log.matchAll(/worker process (\d+) exited/g)].map(([, pid]) => pid);
    return started.filter((pid) => !ended.includes(pid)).map(Number);
  }

  async #clear(): Promise<void> {
    const pids = [this.pid, this.pidIn('logs/nginx.pid.oldbin')].filter((pid) => pid !== undefined);
    for (const pid of pids) if (!isGone(pid)) process.kill(pid, 'SIGTERM');
    await this.until('end', () => pids.every(isGone)).catch(() => {});
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** Resolves with the exit status of a process. */
export function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

/** A connection to a UNIX socket. */
export function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** All that comes until the end. */
export function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  return new Promise((resolve) => {
    socket.once('close', () => resolve(text));
    socket.on('error', () => {});
  });
}
