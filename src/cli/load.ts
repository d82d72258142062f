import type { Sources } from '../config/index.ts';
import {
  type ConfigError,
  type ProgramConf,
  readConfig,
  type SourceFile,
} from '../config/index.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { LocationPlugin } from '../server/modules/phases/plugin-of.ts';
import { fileSources } from './file-sources.ts';
import type { Paths } from './paths.ts';

/** A configuration that was read, or why it was not. */
export type Loaded =
  | { readonly conf: ProgramConf }
  | {
      readonly error: ConfigError;
      readonly files: readonly SourceFile[];
      readonly warnings: readonly string[];
    };

/** `globals`: what `-g` says. */
export function load(paths: Paths, globals: string, sources: Sources = fileSources): Loaded {
  return readConfig({
    sources,
    file: paths.config,
    prefix: paths.prefix,
    globals,
    isRoot: process.getuid?.() === 0,
  });
}

/** Looks up the names of servers. Rejects with `ConfigError` for one that has no address. */
export async function addressesOf(
  { hosts }: ProgramConf,
  port?: ProactorPort,
): Promise<ProgramConf['addresses']> {
  if (hosts.length === 0) return new Map();
  // Most configurations name no names: what looks them up need not be loaded.
  const { resolveHosts } = await import('./resolve-hosts.ts');
  return resolveHosts(hosts, port);
}

/** A configuration whose plugins are there. */
export type ReadyConf = ProgramConf & { readonly plugins?: ReadonlyMap<string, LocationPlugin> };

/** Loads the plugins of a configuration. Rejects with `ConfigError` for one that cannot be used. */
export async function pluginsOf({
  phaseModules,
}: ProgramConf): Promise<ReadonlyMap<string, LocationPlugin>> {
  if (phaseModules.length === 0) return new Map();
  const { loadPhaseModules } = await import('./phase-modules.ts');
  return loadPhaseModules(phaseModules);
}

/** What was read of a configuration, as it can be sent to another process. */
export type Recorded = {
  readonly files: readonly (readonly [path: string, text: string])[];
  readonly globs: readonly (readonly [pattern: string, paths: readonly string[]])[];
  /** Names of servers, as they were looked up. */
  readonly addresses: readonly (readonly [name: string, addresses: readonly string[]])[];
};

/** Reads files once: workers are given what the master has read, whatever became of the files. */
export class RecordedSources implements Sources {
  readonly #files: Map<string, string>;
  readonly #globs: Map<string, readonly string[]>;
  /** Where servers are that the configuration names. */
  addresses: ReadonlyMap<string, readonly string[]>;

  constructor({ files, globs, addresses }: Recorded = { files: [], globs: [], addresses: [] }) {
    this.#files = new Map(files);
    this.#globs = new Map(globs);
    this.addresses = new Map(addresses);
  }

  get recorded(): Recorded {
    const addresses = [...this.addresses];
    return { files: [...this.#files], globs: [...this.#globs], addresses };
  }

  read(path: string): string {
    const text = this.#files.get(path) ?? fileSources.read(path);
    this.#files.set(path, text);
    return text;
  }

  glob(pattern: string): readonly string[] {
    const paths = this.#globs.get(pattern) ?? fileSources.glob(pattern);
    this.#globs.set(pattern, paths);
    return paths;
  }
}
