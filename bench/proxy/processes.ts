import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Enough of a child's complaints to show the reason, not its whole log. */
const STDERR_BYTES_MAX = 4096;
const TERM_MS_MAX = 2000;
// Below Linux's ephemeral range, so that no outgoing connection takes the port before its server.
const PORT_FIRST = 12_000;
const PORT_COUNT = 18_000;

/** A child process that this harness started and will end. */
export type Child = {
  readonly pid: number;
  /** Why it ended on its own, or undefined while it runs. */
  failure(): string | undefined;
  stop(): Promise<void>;
};

export type Output = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

type Placement = { readonly cpu?: number | undefined; readonly cwd?: string | undefined };

const running = new Set<ChildProcess>();
let ending = false;

/** Starts a server. It leads its own group, and dies with us even if we are killed outright. */
export function startServer(argv: readonly string[], placement: Placement = {}): Child {
  const child = launch(argv, placement, 'ignore');
  let stderr = '';
  let ended: string | undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, STDERR_BYTES_MAX);
  });
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('close', (code, signal) => {
    ended ??= `ended with ${signal ?? code}: ${reasonIn(stderr)}`;
  });
  return { pid: child.pid ?? 0, failure: () => ended, stop: () => end(child) };
}

/** Runs a command to its end. `msMax` bounds it: a hung tool must not hang the whole run. */
export function runTool(
  argv: readonly string[],
  msMax: number,
  placement: Placement = {},
): Promise<Output> {
  const child = launch(argv, placement, 'pipe');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), msMax);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  }).finally(() => clearTimeout(timer)) as Promise<Output>;
}

/** Starts a helper that talks over its pipes; ended with everything else. */
export function startHelper(argv: readonly string[], placement: Placement = {}): ChildProcess {
  return launch(argv, placement, 'pipe');
}

/** Ends one helper or server: asks, waits two seconds, insists. */
export async function end(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  signalGroup(child, 'SIGTERM');
  await Promise.race([closed, sleep(TERM_MS_MAX)]);
  // Also for those that left in peace: a grandchild may have stayed behind in the group.
  signalGroup(child, 'SIGKILL');
  if (running.has(child)) await closed;
}

/** Ends every process that this harness started and that still runs; no other can start then. */
export async function endAll(): Promise<void> {
  ending = true;
  await Promise.all([...running].map(end));
}

/** True from `endAll` on: failures are then its doing and no contestant's. */
export function isEnding(): boolean {
  return ending;
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_FIRST + Math.floor(Math.random() * PORT_COUNT);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

function launch(
  argv: readonly string[],
  place: Placement,
  output: 'ignore' | 'pipe',
): ChildProcess {
  if (ending) throw new Error('the harness is ending');
  const pin = place.cpu === undefined ? [] : ['taskset', '-c', String(place.cpu)];
  // Both tools replace themselves by the command, so the child's pid is the command's.
  const [file = '', ...rest] = ['setpriv', '--pdeathsig', 'KILL', ...pin, ...argv];
  const child = spawn(file, rest, {
    cwd: place.cwd,
    detached: true,
    // Debian's nginx lies in /usr/sbin, which a user's PATH may lack.
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, NODE_ENV: 'production' },
    stdio: [output === 'pipe' ? 'pipe' : 'ignore', output, 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group is gone already, which is what we want.
  }
}

/** The line a person would look for: a thrown error's message rather than the source line above. */
function reasonIn(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return (
    lines.find((line) => /^\w*Error\b|\[emerg\]/.test(line))?.trim() ??
    lines.at(-1)?.trim() ??
    'silent'
  );
}
