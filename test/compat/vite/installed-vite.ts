import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '8.3.8';
const INSTALL_MS_MAX = 50_000;

/** As much of Vite as the tests use. */
export type Vite = {
  createServer(config: object): Promise<{
    readonly httpServer: Server;
    listen(): Promise<unknown>;
    close(): Promise<void>;
  }>;
};

/**
 * Vite at one exact version, in a cache of its own: it is too large for a dependency of ours.
 * Where it cannot be had, why not.
 */
export async function installedVite(): Promise<Vite | string> {
  const directory = resolve('node_modules/.cache/sluice-test', `vite-${VERSION}`);
  const manifest = join(directory, 'node_modules/vite/package.json');
  try {
    if (!existsSync(manifest)) await install(directory);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
    if (version !== VERSION) return `Vite ${version} is there instead of ${VERSION}`;
    const entry = join(directory, 'node_modules/vite/dist/node/index.js');
    return (await import(pathToFileURL(entry).href)) as Vite;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const reason = stderr.split('\n').find((line) => line.startsWith('npm error')) ?? String(error);
    return `Vite cannot be had: ${reason}`;
  }
}

async function install(directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  // A package.json of its own keeps npm from walking up into ours.
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  const short = ['--fetch-retries=0', '--fetch-timeout=20000'];
  const args = ['install', ...quiet, ...short, '--prefix', directory, `vite@${VERSION}`];
  await run('npm', args, { cwd: directory, timeout: INSTALL_MS_MAX });
}
