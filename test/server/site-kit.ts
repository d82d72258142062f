import { randomBytes } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { ListenOperation, SocketId } from '../../src/core/operation.ts';
import { closeOperation, listenOperation } from '../../src/core/operations.ts';
import { connect } from '../../src/net/index.ts';
import {
  type Environment,
  type ListenConf,
  LOCATION_DEFAULTS,
  type LocationConf,
  MODULES,
  SERVER_DEFAULTS,
  type ServerConf,
  SITE_DEFAULTS,
  Site,
  type SiteConf,
} from '../../src/server/index.ts';
import type { World } from '../net/worlds.ts';

export function location(text: string, conf: Partial<LocationConf> = {}): LocationConf {
  return { ...LOCATION_DEFAULTS, text, ...conf };
}

export function server(conf: Partial<ServerConf> = {}): ServerConf {
  const names = conf.names ?? SERVER_DEFAULTS.names;
  const [first] = names;
  const name = first?.kind === 'exact' ? first.name : '';
  return { ...SERVER_DEFAULTS, name, ...conf };
}

export function listenOn(endpoint: Endpoint, conf: Partial<ListenConf> = {}): ListenConf {
  return {
    endpoint,
    text: `${endpoint.address}:${endpoint.port}`,
    defaultServer: false,
    proxyProtocol: false,
    backlog: 511,
    reusePort: false,
    fastOpen: 0,
    ipv6Only: true,
    ...conf,
  };
}

/** A site that runs in a world; what it logs is kept. */
export type RunningSite = {
  readonly site: Site;
  /** Where its first listener is. */
  readonly endpoint: Endpoint;
  readonly errors: string[];
  readonly logs: Map<string, string>;
  close(): Promise<void>;
};

/** An environment without files. */
export function environment(
  world: World,
  errors: string[],
  logs: Map<string, string>,
): Environment {
  const missing = { code: 'ENOENT', errno: 2 };
  return {
    port: world.port,
    random: { nextUint32: () => randomBytes(4).readUInt32LE(0) },
    wallMs: () => 1_795_000_000_000 + world.port.loop.nowMs(),
    pid: 1,
    hostname: 'host.example',
    files: {
      open: () => missing,
      close: () => {},
      statusOf: () => ({ isFile: true, isDirectory: false, size: 0, mtime: 0 }),
      status: () => missing,
      isExecutable: () => false,
      list: () => missing,
      read: () => missing,
      temporary: () => missing,
      write: () => missing,
      remove: () => {},
      rename: () => missing,
      makeDirectory: () => missing,
      setMode: () => missing,
      setTime: () => missing,
    },
    log: (path) => ({
      write: (lines) => logs.set(path, (logs.get(path) ?? '') + lines),
    }),
    errorLog: () => ({
      takes: () => true,
      write: (level, text) => errors.push(`[${level}] ${text}`),
    }),
  };
}

/** Runs a site; every server listens on one free address of the world, unless it says otherwise. */
export async function run(
  world: World,
  servers: readonly ServerConf[],
  conf: Partial<SiteConf> = {},
  files?: Environment['files'],
  extra: Partial<Environment> = {},
): Promise<RunningSite> {
  const errors: string[] = [];
  const logs = new Map<string, string>();
  const shared = listenOn(world.any);
  const all = servers.map((one) => (one.listens.length > 0 ? one : { ...one, listens: [shared] }));
  const site = new Site(
    { ...SITE_DEFAULTS, ...conf, servers: all },
    { ...environment(world, errors, logs), ...(files === undefined ? {} : { files }), ...extra },
    MODULES,
  );
  const sockets: SocketId[] = [];
  for (const listener of site.listeners) {
    const listen = await new Promise<ListenOperation>((resolve) => {
      world.port.submit(listenOperation(listener.conf.endpoint, resolve));
    });
    listener.endpoint = listen.bound as Endpoint;
    sockets.push(listen.socket);
    site.serve(listener, listen.socket);
  }
  const close = async (): Promise<void> => {
    await site.close(0);
    for (const socket of sockets) {
      await new Promise<void>((resolve) => {
        world.port.submit(closeOperation(socket, () => resolve()));
      });
    }
  };
  return { site, endpoint: site.listeners[0]?.endpoint as Endpoint, errors, logs, close };
}

/** Sends bytes to the site and reads until it closes the connection. */
export async function exchange(
  world: World,
  { endpoint }: RunningSite,
  text: string,
): Promise<string> {
  const stream = await connect(world.port, endpoint);
  await stream.send(Buffer.from(text, 'latin1'));
  let answer = '';
  for await (const chunk of stream) answer += Buffer.from(chunk).toString('latin1');
  await stream.close();
  return answer;
}

/** A GET over HTTP/1.0; the answer without its Date. */
export async function get(
  world: World,
  site: RunningSite,
  path: string,
  fields = '',
): Promise<string> {
  const answer = await exchange(
    world,
    site,
    `GET ${path} HTTP/1.0\r\nHost: localhost\r\n${fields}\r\n`,
  );
  return answer.replace(/^Date: .*\r\n/m, '');
}

/** The body of a GET. */
export async function body(
  world: World,
  site: RunningSite,
  path: string,
  fields = '',
): Promise<string> {
  return (await get(world, site, path, fields)).split('\r\n\r\n').slice(1).join('\r\n\r\n');
}

export type Test = ExecutionContext;
