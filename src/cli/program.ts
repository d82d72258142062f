import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ProgramConf } from '../config/index.ts';
import type { ProactorPort } from '../core/proactor.ts';
import {
  type Environment,
  type LocationConf,
  MODULES,
  Site,
  STREAM_MODULES,
  StreamSite,
  Zones,
} from '../server/index.ts';
import type { AdoptedSockets } from './adopted-sockets.ts';
import { keyOf, type SocketConf } from './listening-sockets.ts';
import type { ReadyConf } from './load.ts';
import { filesFor } from './port-files.ts';
import type { ProcessLogs } from './process-logs.ts';

/** One configuration at work in this process. */
export class Program {
  readonly conf: ProgramConf;
  readonly #site: Site | undefined;
  readonly #stream: StreamSite | undefined;

  /**
   * `zones`: for this configuration alone. Throws `ConfigError`, or `StartError` where a log cannot
   * be had.
   */
  constructor(conf: ReadyConf, port: ProactorPort, logs: ProcessLogs, zones: Zones = new Zones()) {
    const environment = environmentOf(conf, port, logs, zones);
    this.conf = conf;
    for (const path of conf.logPaths) logs.open(path);
    this.#site = conf.site && new Site(conf.site, environment, MODULES);
    this.#stream = conf.stream && new StreamSite(conf.stream, environment, STREAM_MODULES);
  }

  /** Where it wants to listen. */
  get listens(): readonly SocketConf[] {
    const { bound: http = [] } = this.#site ?? {};
    const { listeners: streams = [] } = this.#stream ?? {};
    return [...http.map(({ conf }) => conf), ...streams.map(({ conf }) => conf)];
  }

  /** Takes clients of these sockets, which stay the caller's. */
  serve(sockets: AdoptedSockets): void {
    if (this.#stream !== undefined) this.#stream.neighbours = this.#site?.listeners ?? [];
    for (const listener of this.#site?.bound ?? []) {
      const { socket, listening } = sockets.get(keyOf(listener.conf.endpoint, false));
      listener.endpoint = listening.endpoint;
      this.#site?.serve(listener, socket);
    }
    for (const listener of this.#stream?.listeners ?? []) {
      const { socket, listening } = sockets.get(keyOf(listener.conf.endpoint, listener.conf.udp));
      listener.endpoint = listening.endpoint;
      this.#stream?.serve(listener, socket);
    }
  }

  /** Clients that come now are another program's. */
  stopAccepting(): void {
    this.#site?.stopAccepting();
    this.#stream?.stopAccepting();
  }

  /** Takes no more clients; resolves when those there are have ended, at most `drainMs` later. */
  async close(drainMs: number): Promise<void> {
    await Promise.all([this.#site?.close(drainMs), this.#stream?.close(drainMs)]);
  }
}

function environmentOf(
  conf: ReadyConf,
  port: ProactorPort,
  logs: ProcessLogs,
  zones: Zones,
): Environment {
  return {
    port,
    zones,
    random: { nextUint32: () => randomBytes(4).readUInt32LE(0) },
    wallMs: Date.now,
    files: filesFor(port),
    pid: process.pid,
    connectionsMax: conf.main.workerConnections,
    hostname: hostname(),
    hosts: conf.addresses,
    plugins: conf.plugins ?? new Map(),
    log: (path, buffering) => logs.open(path, buffering),
    appendLog: (path, lines, cache) => logs.append(path, lines, cache),
    errorLog: (confs) => logs.errorLog(confs.length > 0 ? confs : conf.main.errorLogs),
  };
}

/** Directories for files that are written while the program runs. */
export function temporaryPaths({ site }: ProgramConf): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const { location } of site?.servers ?? []) addTemporaryPaths(location, paths);
  return paths;
}

function addTemporaryPaths(location: LocationConf, paths: Set<string>): void {
  const { clientBodyTempPath, proxyPass, proxyStore, proxyTempPath } = location;
  paths.add(clientBodyTempPath);
  if (proxyPass !== undefined && proxyStore !== 'off') paths.add(proxyTempPath);
  const { locations, limitExcept, script } = location;
  for (const inner of locations) addTemporaryPaths(inner, paths);
  if (limitExcept !== undefined) addTemporaryPaths(limitExcept.location, paths);
  for (const step of script) {
    if (step.kind === 'if' && step.location !== undefined) addTemporaryPaths(step.location, paths);
  }
}
