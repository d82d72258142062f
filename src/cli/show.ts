import { ConfigError } from '../config/index.ts';
import type { Arguments } from './arguments.ts';
import { load } from './load.ts';
import type { Paths } from './paths.ts';
import { failed } from './say.ts';

/** `--explain` and `--print-ts`: says what a configuration means. Resolves with the exit status. */
export async function show(paths: Paths, args: Arguments): Promise<number> {
  const loaded = load(paths, args.globals);
  if ('error' in loaded) {
    failed(loaded.error, paths);
    return 1;
  }
  const { conf } = loaded;
  try {
    if (args.explain !== undefined) {
      const { explain } = await import('./explain/explain.ts');
      // Paths are bytes, as they are everywhere here.
      process.stdout.write(Buffer.from(await explain(conf, args.explain), 'latin1'));
    } else {
      const { printTs } = await import('./print/print-ts.ts');
      process.stdout.write(printTs(conf, paths.config));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof ConfigError) failed(error, paths);
    else process.stderr.write(`sluice: ${error.message}\n`);
    return 1;
  }
}
