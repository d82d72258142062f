import { join } from 'node:path';
import { loadKoffi } from '../../adapters/linux/koffi.ts';
import { programCommand, proxyCommand } from './nginx.ts';
import { installPeer, PEER_NAMES } from './peers.ts';

/** A proxy that can be started on a port in front of the upstream. */
export type Contestant = {
  readonly name: string;
  readonly version: string | undefined;
  /** It can write an access log: a line in the combined format for each request. */
  readonly logs?: true;
  /** It can serve files. */
  readonly servesFiles?: true;
  /**
   * The command that serves `port` from `upstreamPort`; may write its configuration first. With
   * `logFile`, requests are logged there, in batches.
   */
  command(
    port: number,
    upstreamPort: number,
    directory: string,
    logFile: string | undefined,
  ): readonly string[];
};

/** A contestant that cannot take part, with the reason that the table shows. */
export type Skipped = { readonly name: string; readonly reason: string };

/** The partner of every pair: the unit in which all others are counted. */
export const NGINX: Contestant = {
  name: 'nginx',
  version: undefined,
  logs: true,
  servesFiles: true,
  command: (port, upstreamPort, directory, logFile) =>
    proxyCommand(directory, port, upstreamPort, logFile),
};

/**
 * `sluice-plugin`: with a plugin that sets a field of each response. `sluice-conf`: our program,
 * which reads nginx's configuration.
 */
const OURS = /^sluice(-plugin|-conf)?@([a-z0-9-]+)$/;

/** The least that a proxy on epoll can cost in JavaScript: how far are we from it? */
const FLOOR = 'floor@epoll';

const DEFAULT_NAMES: readonly string[] = ['nginx', 'sluice@node', FLOOR, ...PEER_NAMES];

/** Finds the contestants by name and installs the peers among them. Throws on an unknown name. */
export async function findContestants(
  wanted: readonly string[],
  added: ReadonlyMap<string, string>,
  root: string,
  accessLog: boolean,
): Promise<{ contestants: Contestant[]; skipped: Skipped[] }> {
  const names = wanted.length > 0 ? wanted : [...DEFAULT_NAMES, ...added.keys()];
  const contestants: Contestant[] = [];
  const skipped: Skipped[] = [];
  for (const name of new Set(names)) {
    const commandLine = added.get(name);
    const [, variant, adapter] = OURS.exec(name) ?? [];
    if (commandLine !== undefined) contestants.push(fromCommandLine(name, commandLine));
    else if (name === NGINX.name) contestants.push(NGINX);
    else if (adapter !== undefined) {
      contestants.push(variant === '-conf' ? conf(name, adapter) : sluice(name, adapter, variant));
    } else if (name === FLOOR || PEER_NAMES.includes(name)) {
      try {
        contestants.push(name === FLOOR ? floor() : await peer(name, root));
      } catch (error) {
        skipped.push({ name, reason: (error as Error).message });
      }
    } else throw new Error(`there is no contestant ${name}; known: ${DEFAULT_NAMES.join(', ')}`);
  }
  if (!accessLog) return { contestants, skipped };
  const reason = 'writes no access log';
  const silent = contestants.filter(({ logs }) => logs !== true);
  return {
    contestants: contestants.filter(({ logs }) => logs === true),
    skipped: [...skipped, ...silent.map(({ name }) => ({ name, reason }))],
  };
}

/** Words are split at spaces and no shell runs, so the process we count is the command itself. */
function fromCommandLine(name: string, commandLine: string): Contestant {
  const words = commandLine.split(/\s+/).filter((word) => word !== '');
  return {
    name,
    version: undefined,
    command: (port, upstreamPort) =>
      words.map((word) =>
        word.replaceAll('{port}', String(port)).replaceAll('{upstream}', String(upstreamPort)),
      ),
  };
}

function conf(name: string, adapter: string): Contestant {
  const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js');
  return {
    name,
    version: undefined,
    logs: true,
    servesFiles: true,
    command: (port, upstreamPort, directory, logFile) =>
      programCommand([process.execPath, main], adapter, directory, port, upstreamPort, logFile),
  };
}

function sluice(name: string, adapter: string, variant: string | undefined): Contestant {
  const file = variant === '-plugin' ? 'sluice-plugin.js' : 'sluice.js';
  return { ...ours(name, file, '--adapter', adapter), logs: true };
}

/** Throws where it cannot run. */
function floor(): Contestant {
  loadKoffi('epoll');
  return ours(FLOOR, 'epoll-floor.js');
}

function ours(name: string, file: string, ...options: string[]): Contestant {
  const command = [process.execPath, join(import.meta.dirname, 'contestants', file), ...options];
  return {
    name,
    version: undefined,
    command: (port, upstreamPort, _, logFile) => [
      ...command,
      ...(logFile === undefined ? [] : ['--access-log', logFile]),
      String(port),
      String(upstreamPort),
    ],
  };
}

async function peer(name: string, root: string): Promise<Contestant> {
  const { script, version } = await installPeer(name, root);
  return {
    name,
    version,
    command: (port, upstreamPort) => [process.execPath, script, String(port), String(upstreamPort)],
  };
}
