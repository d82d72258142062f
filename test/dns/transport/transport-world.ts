import test, { type ExecutionContext } from 'ava';
import { nodeRandom } from '../../../adapters/node/index.ts';
import {
  type SimHost,
  SimProactor,
  SimWorld,
  type WorldOptions,
} from '../../../adapters/sim/index.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { timerOperation } from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import type { Failure } from '../../../src/dns/transport/exchange.ts';
import type { TransportOptions } from '../../../src/dns/transport/settings.ts';
import { Transport } from '../../../src/dns/transport/transport.ts';
import { nameKey } from '../../../src/dns/wire/name.ts';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import type { Settled } from '../../../src/dns/wire/reply.ts';
import type { World } from '../../net/worlds.ts';
import { type NameServer, nameServer, type Script } from '../../support/name-server.ts';

export type End = Settled | Failure;

/** Asks for addresses; the end, and what it took. */
export function ask(
  transport: Transport,
  name: string,
  timeoutMs = 30_000,
  type: number = TYPE.A,
): Promise<End> {
  return new Promise((resolve) => {
    const deadlineMs = transport.port.loop.nowMs() + timeoutMs;
    transport.ask({ name: nameKey(name), type }, deadlineMs, resolve);
  });
}

/** `192.0.2.1,…`, the kind of what is negative, or the code of the failure. */
export function textOf(end: End): string {
  if (end.kind === 'answer') return end.data.join(',');
  return end.kind === 'failure' ? end.code : end.kind;
}

export async function asked(
  transport: Transport,
  name: string,
  timeoutMs?: number,
): Promise<string> {
  return textOf(await ask(transport, name, timeoutMs));
}

/** What came of each attempt of a failure. */
export function outcomes(end: End): string[] {
  return end.kind === 'failure' ? end.attempts.map(({ outcome }) => outcome) : [];
}

export function sleep(port: ProactorPort, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = timerOperation(() => resolve());
    timer.atMs = port.loop.nowMs() + ms;
    port.submit(timer);
  });
}

/** Waits for something that no event announces, on the port's clock. */
export async function until(port: ProactorPort, holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds(); looks += 1) {
    if (looks === 2_000) throw new Error('it did not come to that');
    await sleep(port, 5);
  }
}

export function closeTransport(transport: Transport): Promise<void> {
  return new Promise((resolve) => transport.close(resolve));
}

/** A transport with its servers in one world. */
export async function scene(
  world: World,
  scripts: readonly Script[],
  options: TransportOptions & { readonly tcp?: boolean } = {},
): Promise<{ transport: Transport; servers: NameServer[]; close(): Promise<void> }> {
  const servers: NameServer[] = [];
  for (const script of scripts) {
    servers.push(await nameServer(world.port, world.any, script, { tcp: options.tcp ?? false }));
  }
  const addresses = servers.map(({ endpoint }) => ({ endpoint, transport: 'udp' as const }));
  const transport = new Transport(world.port, nodeRandom(), addresses, options);
  const close = async () => {
    await closeTransport(transport);
    await Promise.all(servers.map((server) => server.close()));
  };
  return { transport, servers, close };
}

/** A client and its name servers, each a host of its own, on a virtual clock. */
export type SimScene = {
  readonly t: ExecutionContext;
  readonly world: SimWorld;
  readonly near: SimHost;
  readonly far: readonly SimHost[];
  readonly port: SimProactor;
  readonly transport: Transport;
  readonly servers: readonly NameServer[];
  /** Of the servers' hosts, in the same order. */
  readonly ports: readonly SimProactor[];
  nowMs(): number;
};

export type SimOptions = TransportOptions &
  Partial<WorldOptions> & { readonly tcp?: boolean; readonly servers?: readonly Endpoint[] };

/** Plays one scene to its end; nothing may be left then. */
export async function playSim(
  t: ExecutionContext,
  scripts: readonly Script[],
  options: SimOptions,
  body: (scene: SimScene) => Promise<void>,
): Promise<string> {
  const { seed = 1, tcp = false, servers: others = [], ...rest } = options;
  const world = new SimWorld({ ...rest, seed });
  const near = world.host('near', '192.0.2.1', '2001:db8::1');
  const port = new SimProactor(near);
  const far = scripts.map((_, index) => world.host(`far${index}`, `192.0.2.${53 + index}`));
  const ports = far.map((host) => new SimProactor(host));
  const play = async () => {
    const servers: NameServer[] = [];
    for (const [index, script] of scripts.entries()) {
      const local = { family: 'ipv4', address: `192.0.2.${53 + index}`, port: 53 } as const;
      servers.push(await nameServer(ports[index] as SimProactor, local, script, { tcp }));
    }
    const endpoints = [...servers.map(({ endpoint }) => endpoint), ...others];
    const addresses = endpoints.map((endpoint) => ({ endpoint, transport: 'udp' as const }));
    const random = world.random.fork('dns');
    const transport = new Transport(port, random, addresses, options);
    const nowMs = () => world.nowMs();
    await body({ t, world, near, far, port, transport, servers, ports, nowMs });
    await closeTransport(transport);
    t.is(port.openSockets, 0, `seed ${seed}: a socket is left`);
    t.is(port.loop.pendingTimers, 0, `seed ${seed}: a timer is left`);
    t.is(transport.stats.inFlight, 0);
    for (const each of ports) each.close();
  };
  await world.drive(play());
  return world.traceHash;
}

/** A test on the simulated network alone: time is virtual, and may be long. */
export function simRule(
  title: string,
  scripts: readonly Script[],
  options: SimOptions,
  body: (scene: SimScene) => Promise<void>,
): void {
  test(title, async (t) => {
    await playSim(t, scripts, options, body);
  });
}
