import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { ListenOperation, SocketId, UdpOpenOperation } from '../../../src/core/operation.ts';
import { closeOperation, listenOperation, udpOpenOperation } from '../../../src/core/operations.ts';
import { connect, type listen, type Stream } from '../../../src/net/index.ts';
import type { UpstreamConf } from '../../../src/server/conf/upstream-conf.ts';
import {
  type Environment,
  STREAM_DEFAULTS,
  STREAM_MODULES,
  STREAM_SERVER_DEFAULTS,
  type StreamConf,
  type StreamListenConf,
  type StreamServerConf,
  StreamSite,
} from '../../../src/server/index.ts';
import { textOf, type World } from '../../net/worlds.ts';
import { environment, listenOn } from '../site-kit.ts';

export function streamServer(conf: Partial<StreamServerConf> = {}): StreamServerConf {
  return { ...STREAM_SERVER_DEFAULTS, ...conf };
}

/** A `listen`; what several of a test share needs texts of its own. */
export function streamListen(
  endpoint: Endpoint,
  conf: Partial<StreamListenConf> = {},
): StreamListenConf {
  return { ...listenOn(endpoint), udp: false, ...conf };
}

/** `log_format` and `access_log` in one. */
export function logTo(path: string, ...names: readonly string[]): StreamServerConf['accessLogs'] {
  const template = names.flatMap((name, at) => (at === 0 ? [{ name }] : [' ', { name }]));
  const format = { name: path, escape: 'default', template } as const;
  return [{ path, format, buffer: 0, flush: undefined, when: undefined }];
}

/** A site that runs in a world; what it logs is kept. */
export type RunningStream = {
  readonly site: StreamSite;
  /** Where its listeners are, in order. */
  readonly endpoints: readonly Endpoint[];
  readonly errors: string[];
  readonly logs: Map<string, string>;
  /** Accepts no more, and waits for sessions. */
  close(drainMs?: number): Promise<void>;
};

/** Runs servers; each listens on a free address of the world, unless it says otherwise. */
export async function runStream(
  world: World,
  servers: readonly StreamServerConf[],
  conf: Partial<StreamConf> = {},
): Promise<RunningStream> {
  const errors: string[] = [];
  const logs = new Map<string, string>();
  const all = servers.map((one, index) =>
    one.streamListens.length > 0
      ? one
      : { ...one, streamListens: [streamListen(world.any, { text: `listen ${index}` })] },
  );
  const surroundings: Environment = environment(world, errors, logs);
  const full = { ...STREAM_DEFAULTS, ...conf, servers: all };
  const site = new StreamSite(full, surroundings, STREAM_MODULES);
  const sockets: SocketId[] = [];
  for (const listener of site.listeners) {
    const { socket, bound } = await opened(world, listener.conf);
    listener.endpoint = bound as Endpoint;
    sockets.push(socket);
    site.serve(listener, socket);
  }
  const close = async (drainMs = 0): Promise<void> => {
    await site.close(drainMs);
    for (const socket of sockets.splice(0)) {
      await new Promise<void>((resolve) => {
        world.port.submit(closeOperation(socket, () => resolve()));
      });
    }
  };
  const endpoints = site.listeners.map(({ endpoint }) => endpoint);
  return { site, endpoints, errors, logs, close };
}

function opened(
  world: World,
  { endpoint, udp }: StreamListenConf,
): Promise<ListenOperation | UdpOpenOperation> {
  return new Promise((resolve) => {
    const operation = udp
      ? udpOpenOperation(endpoint, resolve)
      : listenOperation(endpoint, resolve);
    world.port.submit(operation);
  });
}

/** As a configuration has it. */
export function portText({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

/** A server that returns a text. */
export function returns(text: StreamServerConf['streamContent'] & object): StreamServerConf {
  return streamServer({ streamContent: text });
}

/** `proxy_pass` to an address. */
export function to(endpoint: Endpoint): StreamServerConf['streamContent'] {
  return { kind: 'proxy', to: portText(endpoint) };
}

/** Connects, sends a text, and reads to the end. */
export async function ask(world: World, endpoint: Endpoint, text = ''): Promise<string> {
  const stream = await connect(world.port, endpoint);
  if (text !== '') await stream.send(Buffer.from(text, 'latin1'));
  const answer = await textOf(stream);
  await stream.close();
  return answer;
}

/** The next connection of a listener together with who has made it. */
export async function through(
  world: World,
  site: { readonly endpoints: readonly Endpoint[] },
  listener: Awaited<ReturnType<typeof listen>>,
): Promise<[Stream, Stream]> {
  return Promise.all([connect(world.port, site.endpoints[0] as Endpoint), listener.accept()]);
}

/** A `server` of a group. */
export function upstreamServer(endpoint: Endpoint): UpstreamConf['servers'][number] {
  return {
    address: portText(endpoint),
    weight: 1,
    maxConns: 0,
    maxFails: 1,
    failTimeout: 10_000,
    backup: false,
    down: false,
    resolve: false,
    service: undefined,
    drain: false,
    route: undefined,
  };
}

/** A group named `u`, without servers. */
export const GROUP: UpstreamConf = {
  name: 'u',
  servers: [],
  balance: { method: 'round-robin' },
  zone: undefined,
  sticky: undefined,
  resolver: undefined,
  resolverTimeout: 30_000,
  keepalive: 0,
  keepaliveRequests: 1,
  keepaliveTime: 1,
  keepaliveTimeout: 1,
};
