import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { epollPort } from '../../../adapters/epoll/index.ts';
import { ioUringPort } from '../../../adapters/io-uring/index.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { SocketId } from '../../../src/core/operation.ts';
import {
  acceptOperation,
  closeOperation,
  connectOperation,
  listenOperation,
} from '../../../src/core/operations.ts';
import { closed, done, hear, say } from './descriptor-kit.ts';

// Makes connections that ask for fast open, in a network namespace of its own, and tells in JSON
// what the kernel counted for each. Arguments: the adapter, and `root`.
export type FastOpenRun = {
  /** How many SYNs brought data: without a cookie, with one, with one that was lost meanwhile. */
  readonly withData: readonly number[];
  readonly heard: readonly string[];
  /** How the first send and receive ended on a connection to nobody. */
  readonly refused: readonly string[];
};

const nothing = (): void => {};
const port = process.argv[2] === 'epoll' ? epollPort() : ioUringPort();
const local: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 };
const listen = await done(port, Object.assign(listenOperation(local, nothing), { fastOpen: 16 }));
const bound = listen.bound as Endpoint;

function counter(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/netstat', 'latin1').split('\n');
  const index = names.split(' ').indexOf('TCPFastOpenPassive');
  return Number(values.split(' ')[index]);
}

async function connect(to: Endpoint): Promise<SocketId> {
  return (await done(port, Object.assign(connectOperation(to, nothing), { fastOpen: true })))
    .socket;
}

async function reset(socket: SocketId): Promise<void> {
  await done(port, Object.assign(closeOperation(socket, nothing), { how: 'reset' as const }));
}

/** Only who is root outside of the namespace may do it; others make one more early send. */
function forgetCookies(): void {
  if (process.argv[3] === 'root') execFileSync('ip', ['tcp_metrics', 'flush', 'all']);
}

const withData: number[] = [];
const heard: string[] = [];
for (const run of ['first', 'early', 'late'] as const) {
  const before = counter();
  const accept = done(port, acceptOperation(listen.socket, nothing));
  const client = await connect(bound);
  if (run === 'late') forgetCookies();
  await say(port, client, run);
  const { accepted } = await accept;
  heard.push(await hear(port, accepted, run.length));
  withData.push(counter() - before);
  await reset(client);
  await reset(accepted);
}

// Once more for a cookie; then nobody listens there any more, which only the send finds out.
await reset(await connect(bound));
const stray = await connect(bound);
await done(port, closeOperation(listen.socket, nothing));
const refused: string[] = [];
for (const attempt of [() => say(port, stray, 'x'), () => hear(port, stray, 1)]) {
  await attempt().then(
    () => refused.push('done'),
    (error) => refused.push(String(error)),
  );
}
await closed(port);
process.stdout.write(JSON.stringify({ withData, heard, refused } satisfies FastOpenRun));
