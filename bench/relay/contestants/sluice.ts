import { parseArgs } from 'node:util';
import { epollPort } from '../../../adapters/epoll/index.ts';
import { ioUringPort } from '../../../adapters/io-uring/index.ts';
import { nodePort } from '../../../adapters/node/index.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { connect, IoError, listen, relay, type Stream } from '../../../src/net/index.ts';

// node sluice.js --adapter NAME PORT UPSTREAM_PORT
// Our own relay as a contestant: one process, every connection joined to one to the upstream.
// `epoll-copying` is epoll without splice: what that brings.

const { values, positionals } = parseArgs({
  options: { adapter: { type: 'string', default: 'epoll' } },
  allowPositionals: true,
});
const [port, upstreamPort] = positionals.map(Number);
if (port === undefined || upstreamPort === undefined) {
  throw new Error('expected --adapter NAME PORT UPSTREAM_PORT');
}
const adapters: Readonly<Record<string, () => ProactorPort>> = {
  epoll: epollPort,
  'epoll-copying': copying,
  'io-uring': ioUringPort,
  node: nodePort,
};
const adapter = adapters[values.adapter];
if (adapter === undefined) throw new Error(`no adapter '${values.adapter}'`);

function copying(): ProactorPort {
  const epoll = epollPort();
  return Object.assign(epoll, { capabilities: { ...epoll.capabilities, splice: 'none' } });
}

const upstream = { family: 'ipv4', address: '127.0.0.1', port: upstreamPort } as const;

async function join(client: Stream): Promise<void> {
  try {
    await relay(client, await connect(client.port, upstream), { idleMs: 3_600_000 });
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    await client.close({ how: 'reset' });
  }
}

const listener = await listen(adapter(), { family: 'ipv4', address: '127.0.0.1', port });
for await (const client of listener) void join(client);
