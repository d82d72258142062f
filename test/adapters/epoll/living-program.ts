import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { epollPort } from '../../../adapters/epoll/index.ts';
import * as make from '../../../src/core/operations.ts';
import { selfSigned } from '../../support/certificate.ts';

// A server on an epoll port under full load, and beside it what else a program does in Node: is it
// served, and how late? Arguments: connections, microseconds of work per message, milliseconds.
const [connections = 0, workUs = 0, forMs = 0] = process.argv.slice(2).map(Number);
const TIMER_MS = 10;

export type Late = Readonly<Record<'p50' | 'p99' | 'max', number>>;

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

const port = epollPort();
const nothing = (): void => {};
let messages = 0;

function work(): void {
  const endMs = performance.now() + workUs / 1000;
  while (workUs > 0 && performance.now() < endMs);
}

function serve(socket: number): void {
  // One after the other: the answer is sent, and then the next message is received.
  const send = make.sendOperation(socket, () => port.submit(recv));
  send.count = 1;
  const recv = make.recvOperation(socket, () => {
    if (recv.status !== 'done') {
      port.submit(make.closeOperation(socket, nothing));
      return;
    }
    messages += 1;
    work();
    send.pieces[0] = Buffer.from(recv.data.subarray(recv.offset, recv.offset + recv.bytes));
    port.submit(send);
  });
  port.submit(recv);
}

async function listening(): Promise<number> {
  const listen = make.listenOperation({ family: 'ipv4', address: '127.0.0.1', port: 0 }, nothing);
  await new Promise<void>((resolve) => {
    listen.onComplete = () => resolve();
    port.submit(listen);
  });
  const accept = make.acceptOperation(listen.socket, () => {
    if (accept.status !== 'done') return;
    serve(accept.accepted);
    port.submit(accept);
  });
  port.submit(accept);
  return listen.bound?.port ?? 0;
}

let over = false;
const late: number[] = [];
const ownLate: number[] = [];
let files = 0;
let tlsRounds = 0;
let immediates = 0;

async function timers(): Promise<void> {
  while (!over) {
    const setMs = performance.now();
    const cpuAtSet = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, TIMER_MS));
    const waitedMs = performance.now() - setMs;
    const { user, system } = process.cpuUsage(cpuAtSet);
    // Under full load a process that does not compute is one that has to wait for a processor.
    const elsewhereMs = Math.max(0, waitedMs - (user + system) / 1000);
    late.push(waitedMs - TIMER_MS);
    ownLate.push(Math.max(0, waitedMs - TIMER_MS - elsewhereMs));
  }
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
  const server = createServer({ key, cert: certificate }, (socket) => {
    socket.on('error', nothing).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const options = { port: (server.address() as AddressInfo).port, host: '127.0.0.1' };
  const client: TLSSocket = tlsConnect({ ...options, ca: certificate, servername: 'here.test' });
  await once(client, 'secureConnect');
  for (; !over; tlsRounds += 1) {
    client.write('x');
    await once(client, 'data');
  }
  client.destroy();
  server.close();
}

const to = await listening();
const load = fork(fileURLToPath(new URL('./load-program.js', import.meta.url)), [
  String(to),
  String(connections),
]);
load.once('exit', () => {
  if (!over) throw new Error('the load has ended');
});
while (messages < 1000) await new Promise((resolve) => setTimeout(resolve, 10));
const firstMessages = messages;
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
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const report: Living = {
  messages: messages - firstMessages,
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
port.close();
