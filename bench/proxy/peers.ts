import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './processes.ts';

const INSTALL_MS_MAX = 120_000;

/** Packages at exact versions, and the first Node they run on. */
type Pin = {
  readonly node: readonly [major: number, minor: number];
  readonly packages: Readonly<Record<string, string>>;
};

type Peer = {
  /** The file in contestants/, copied beside the packages so that its imports find them. */
  readonly script: string;
  /** Newest first: the first that runs on the running Node is the one measured. */
  readonly pins: readonly Pin[];
};

/** Proxies of the Node world, at the versions of the day the comparison was last made. */
const PEERS: Readonly<Record<string, Peer>> = {
  undici: {
    script: 'undici.mjs',
    pins: [
      { node: [22, 19], packages: { undici: '8.12.4' } },
      { node: [20, 19], packages: { undici: '7.30.2' } },
    ],
  },
  'http-proxy': {
    script: 'http-proxy.mjs',
    pins: [{ node: [8, 0], packages: { 'http-proxy': '1.18.1' } }],
  },
  'http-proxy-3': {
    script: 'http-proxy-3.mjs',
    pins: [
      { node: [22, 0], packages: { 'http-proxy-3': '2.0.1' } },
      { node: [18, 0], packages: { 'http-proxy-3': '1.23.3' } },
    ],
  },
  httpxy: { script: 'httpxy.mjs', pins: [{ node: [18, 0], packages: { httpxy: '0.5.6' } }] },
  '@fastify/http-proxy': {
    script: 'fastify-http-proxy.mjs',
    pins: [{ node: [20, 0], packages: { '@fastify/http-proxy': '11.6.3', fastify: '5.12.8' } }],
  },
};

export const PEER_NAMES: readonly string[] = Object.keys(PEERS);

export type Installed = {
  /** Absolute path of the script to run, beside its packages. */
  readonly script: string;
  readonly version: string;
};

/**
 * Installs a peer into the cache unless it is there. Peers are no dependencies of ours: `npm ci`
 * stays small, and a peer's flaw is not reported as this package's. Throws why one cannot run.
 */
export async function installPeer(name: string, root: string): Promise<Installed> {
  const peer = PEERS[name];
  if (peer === undefined) throw new Error(`there is no peer ${name}`);
  const pin = peer.pins.find(({ node }) => nodeIsAtLeast(node));
  if (pin === undefined) {
    const oldest = peer.pins.at(-1)?.node.join('.');
    throw new Error(`needs Node ${oldest}, this is ${process.version}`);
  }
  const version = Object.values(pin.packages)[0] ?? '';
  const folder = `${name.replaceAll(/[@/]/g, '-').replace(/^-/, '')}-${version}`;
  const directory = join(root, 'node_modules/.cache/sluice-bench', folder);
  if (!isInstalled(directory, pin)) await install(directory, pin);
  const script = join(directory, peer.script);
  copyFileSync(join(root, 'bench/proxy/contestants', peer.script), script);
  return { script, version };
}

async function install(directory: string, pin: Pin): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  // A package.json of its own keeps npm from walking up into ours.
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const specs = Object.entries(pin.packages).map(([name, version]) => `${name}@${version}`);
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { code, stderr } = await runTool(
    ['npm', 'install', ...flags, '--prefix', directory, ...specs],
    INSTALL_MS_MAX,
    { cwd: directory },
  );
  if (code === 0 && isInstalled(directory, pin)) return;
  const reason = stderr.split('\n').find((line) => line.startsWith('npm error')) ?? `code ${code}`;
  throw new Error(`npm install failed: ${reason}`);
}

/** True when every package is there at its exact version, so an interrupted install is redone. */
function isInstalled(directory: string, pin: Pin): boolean {
  return Object.entries(pin.packages).every(([name, version]) => {
    const file = join(directory, 'node_modules', name, 'package.json');
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version;
  });
}

function nodeIsAtLeast([major, minor]: readonly [number, number]): boolean {
  const [runningMajor = 0, runningMinor = 0] = process.versions.node.split('.').map(Number);
  return runningMajor > major || (runningMajor === major && runningMinor >= minor);
}
