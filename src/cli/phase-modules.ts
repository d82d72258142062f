import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ConfigError, type PhaseModuleUse } from '../config/index.ts';
import { type LocationPlugin, pluginOf } from '../server/index.ts';

/** Loads what `phase_module` names. Rejects with `ConfigError` for the first that cannot be used. */
export async function loadPhaseModules(
  uses: readonly PhaseModuleUse[],
): Promise<ReadonlyMap<string, LocationPlugin>> {
  const plugins = new Map<string, LocationPlugin>();
  for (const { path, position } of uses) {
    if (plugins.has(path)) continue;
    if (/\.[mc]?ts$/.test(path) && !stripsTypes()) {
      throw new ConfigError(
        `phase_module "${path}" is TypeScript, which Node ${process.versions.node} does not run`,
        position,
        'Node from 22.18 on does; else compile the file, and name the JavaScript',
      );
    }
    try {
      plugins.set(path, pluginOf(path, await load(path)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ConfigError(`phase_module "${path}" cannot be used: ${why}`, position);
    }
  }
  return plugins;
}

/** A file that has changed since is another module: reloads take it. */
async function load(path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path);
  url.search = `?${statSync(path).mtimeMs}`;
  return (await import(url.href)) as Record<string, unknown>;
}

/** Does this Node run TypeScript as it is? */
function stripsTypes(): boolean {
  const { typescript } = process.features as { readonly typescript?: string | false };
  return typeof typescript === 'string';
}
