import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { selfSigned } from '../../support/certificate.ts';
import { echoServer } from './living-server.ts';

// A server under full load, and beside it what else a program does in Node: is it served, and how
// late? Arguments: adapter, connections, microseconds of work per message, milliseconds; `pinned`,
// when this process has a processor of its own, so that the load takes the other.
const [adapter = '', ...rest] = process.argv.slice(2);
const [connections = 0, workUs = 0, forMs = 0] = rest.map(Number);
const isPinned = rest[3] === 'pinned';
const TIMER_MS = 10;

export type Late = Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number>>;

/** What the test is told. */
export type Living = {
  readonly messages: number;
  readonly cpu: number;
  readonly timers: number;
  readonly lateMs: Late;
  /** The same without the time in which the machine ran something else. */
  readonly ownLateMs: Late;
  readonly files: number;
  readonly tlsRounds: number;
  readonly immediates: number;
};

const nothing = (): void => {};
const server = await echoServer(adapter, workUs);
let over = false;
const late: number[] = [];
const ownLate: number[] = [];
let files = 0;
let tlsRounds = 0;
let immediates = 0;

async function timers(): Promise<void> {
  while (!over) {
    const setMs = performance.now();
    const queuedAtSetMs = queuedMs();
    const cpuAtSet = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, TIMER_MS));
    const waitedMs = performance.now() - setMs;
    late.push(waitedMs - TIMER_MS);
    // Under full load a process that does not compute has to wait for a processor: its own system's,
    // or one that another system on this machine has.
    const { user, system } = process.cpuUsage(cpuAtSet);
    const elsewhereMs = Math.max(queuedMs() - queuedAtSetMs, waitedMs - (user + system) / 1000);
    ownLate.push(Math.max(0, waitedMs - TIMER_MS - elsewhereMs));
  }
}

/** For how long this thread has stood ready while a processor ran others (proc(5), schedstat). */
function queuedMs(): number {
  const [, queuedNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(
    ' ',
  );
  return Number(queuedNs) / 1e6;
}

async function fileReads(): Promise<void> {
  const self = fileURLToPath(import.meta.url);
  for (; !over; files += 1) {
    if ((await readFile(self)).length === 0) throw new Error('an empty file');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function immediateTurns(): Promise<void> {
  for (; !over; immediates += 1) {
    await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** One byte there and back, through two TLS sockets of Node's own. */
async function tlsTalk(): Promise<void> {
  const { key, certificate } = selfSigned('here.test');
  const tls = createServer({ key, cert: certificate }, (socket) => {
    socket.on('error', nothing).pipe(socket);
  });
  await once(tls.listen(0, '127.0.0.1'), 'listening');
  const options = { port: (tls.address() as AddressInfo).port, host: '127.0.0.1' };
  const client: TLSSocket = tlsConnect({ ...options, ca: certificate, servername: 'here.test' });
  await once(client, 'secureConnect');
  for (; !over; tlsRounds += 1) {
    client.write('x');
    await once(client, 'data');
  }
  client.destroy();
  tls.close();
}

const load = fork(
  fileURLToPath(new URL('./load-program.js', import.meta.url)),
  [String(server.port), String(connections)],
  isPinned ? { execPath: 'taskset', execArgv: ['-c', '1', process.execPath] } : {},
);
load.once('exit', () => {
  if (!over) throw new Error('the load has ended');
});
while (server.messages() < 1000) await new Promise((resolve) => setTimeout(resolve, 10));
const firstMessages = server.messages();
const cpuBefore = process.cpuUsage();
const startedMs = performance.now();
const others = [timers(), fileReads(), immediateTurns(), tlsTalk()];
await new Promise((resolve) => setTimeout(resolve, forMs));
over = true;
await Promise.all(others);
const { user, system } = process.cpuUsage(cpuBefore);

function percentiles(samples: number[]): Late {
  samples.sort((a, b) => a - b);
  const at = (share: number): number => samples[Math.floor((samples.length - 1) * share)] as number;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

const report: Living = {
  messages: server.messages() - firstMessages,
  cpu: (user + system) / 1000 / (performance.now() - startedMs),
  timers: late.length,
  lateMs: percentiles(late),
  ownLateMs: percentiles(ownLate),
  files,
  tlsRounds,
  immediates,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
load.disconnect();
server.close();
