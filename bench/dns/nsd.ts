import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every name below this one has the same two addresses: no answer is in anybody's cache. */
export const ZONE = 'bench.test';
const START_MS = 5_000;

/** The name server that is asked: NSD, on the loopback, without its limit on answers. */
export class NameServer {
  readonly port: number;
  readonly #process: ChildProcess;

  constructor(port: number, process: ChildProcess) {
    this.port = port;
    this.#process = process;
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    await gone;
  }
}

export function hasNsd(): boolean {
  return spawnSync('nsd', ['-v']).error === undefined;
}

/** What to run, and its arguments. */
export type Command = [string, ...string[]];

/** Starts NSD; its files are in `directory`. `cpu`: where it stays, or wherever it likes. */
export async function startNsd(directory: string, cpu?: string): Promise<NameServer> {
  const port = await freePort();
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'nsd.conf');
  writeFileSync(join(directory, 'zone'), zoneText());
  writeFileSync(config, configText(directory, port));
  const [command, ...args] = pinned(cpu, ['nsd', '-d', '-c', config]);
  const process = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  await answers(port);
  return new NameServer(port, process);
}

/** The command on one processor. */
export function pinned(cpu: string | undefined, command: Command): Command {
  return cpu === undefined ? command : ['taskset', '-c', cpu, ...command];
}

function zoneText(): string {
  return [
    `$ORIGIN ${ZONE}.`,
    '@ 3600 IN SOA ns admin 1 3600 600 86400 60',
    '@ 3600 IN NS ns',
    'ns 3600 IN A 127.0.0.1',
    '* 3600 IN A 192.0.2.1',
    '* 3600 IN A 192.0.2.2',
    '',
  ].join('\n');
}

function configText(directory: string, port: number): string {
  return [
    'server:',
    '  server-count: 1',
    '  ip-address: 127.0.0.1',
    `  port: ${port}`,
    '  username: ""',
    `  zonesdir: "${directory}"`,
    `  database: ""`,
    `  pidfile: "${join(directory, 'nsd.pid')}"`,
    `  xfrdfile: "${join(directory, 'xfrd.state')}"`,
    `  zonelistfile: "${join(directory, 'zone.list')}"`,
    '  rrl-ratelimit: 0',
    '  rrl-whitelist-ratelimit: 0',
    'remote-control:',
    '  control-enable: no',
    'zone:',
    `  name: "${ZONE}"`,
    '  zonefile: "zone"',
    '',
  ].join('\n');
}

/** Of the system's choice; free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** A query for the zone's SOA, again and again until it is answered. */
async function answers(port: number): Promise<void> {
  const name = ZONE.split('.').map((label) => String.fromCharCode(label.length) + label);
  const query = Buffer.from(`\0\x01\0\0\0\x01\0\0\0\0\0\0${name.join('')}\0\0\x06\0\x01`, 'latin1');
  const socket = createSocket('udp4');
  const endMs = Date.now() + START_MS;
  try {
    while (Date.now() < endMs) {
      const came = new Promise<boolean>((resolve) => {
        socket.once('message', () => resolve(true));
        setTimeout(() => resolve(false), 100);
      });
      socket.once('error', () => {});
      socket.send(query, port, '127.0.0.1');
      if (await came) return;
    }
    throw new Error('NSD does not answer');
  } finally {
    socket.close();
  }
}
