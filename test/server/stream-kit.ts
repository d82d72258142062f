import type { Endpoint } from '../../src/core/endpoint.ts';
import type { ListenOperation, SocketId, UdpOpenOperation } from '../../src/core/operation.ts';
import { closeOperation, listenOperation, udpOpenOperation } from '../../src/core/operations.ts';
import {
  type Environment,
  STREAM_DEFAULTS,
  STREAM_MODULES,
  STREAM_SERVER_DEFAULTS,
  type StreamConf,
  type StreamListenConf,
  type StreamServerConf,
  StreamSite,
} from '../../src/server/index.ts';
import type { World } from '../net/worlds.ts';
import { environment, listenOn } from './site-kit.ts';

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

/** Connects, sends, and reads to the end. */
export function portText({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}
