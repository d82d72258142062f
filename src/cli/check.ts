import { ConfigError, type SourceFile } from '../config/index.ts';
import type { Arguments } from './arguments.ts';
import { inheritSockets } from './inherited-sockets.ts';
import { ListeningSockets } from './listening-sockets.ts';
import { addressesOf, load, pluginsOf, type ReadyConf } from './load.ts';
import { makeDirectory } from './log-files.ts';
import { absolute, type Paths } from './paths.ts';
import { ProcessLogs } from './process-logs.ts';
import { Program, temporaryPaths } from './program.ts';
import { programPort } from './program-port.ts';
import { failed, say } from './say.ts';
import { StartError } from './system-error.ts';
import { identityOf } from './user.ts';

/** To nginx this is no mistake of the text: it looks when all has been read. */
const NO_EVENTS = 'no "events" section in configuration';

/** `-t` and `-T`: all that can be wrong before a start. Resolves with the exit status. */
export async function check(paths: Paths, args: Arguments): Promise<number> {
  const loaded = load(paths, args.globals);
  const { files, warnings } = 'conf' in loaded ? loaded.conf : loaded;
  for (const warning of warnings) say(`nginx: [warn] ${warning}\n`);
  try {
    if ('error' in loaded) throw loaded.error;
    // To nginx, a name that is nobody's is a mistake in the text.
    const addresses = await addressesOf(loaded.conf);
    const conf = { ...loaded.conf, addresses, plugins: await pluginsOf(loaded.conf) };
    await tryOut(conf, paths, () => sayIsOk(paths, args));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof ConfigError && error.what === NO_EVENTS) sayIsOk(paths, args);
    failed(error, paths);
    say(`nginx: configuration file ${paths.config} test failed\n`);
    return 1;
  }
  if (!args.quiet) say(`nginx: configuration file ${paths.config} test is successful\n`);
  if (args.dump) dump(files);
  return 0;
}

function sayIsOk(paths: Paths, args: Arguments): void {
  if (!args.quiet) say(`nginx: the configuration file ${paths.config} syntax is ok\n`);
}

/** Opens what a start opens, and gives it back. `isOk` runs once nothing in the text is wrong. */
async function tryOut(conf: ReadyConf, paths: Paths, isOk: () => void): Promise<void> {
  const logs = new ProcessLogs(paths);
  const port = await programPort(conf.main.use);
  let program: Program;
  try {
    program = new Program(conf, port, logs);
  } catch (error) {
    if (error instanceof StartError) isOk();
    throw error;
  }
  isOk();
  identityOf(conf.main);
  logs.errorLog(conf.main.errorLogs);
  for (const path of temporaryPaths(conf)) makeDirectory(absolute(path, paths.prefix));
  const none = await inheritSockets(port, { descriptors: [], from: undefined, text: '' });
  await new ListeningSockets(port, none, () => {}).test(program.listens);
}

/** Each file as it is, byte by byte. */
function dump(files: readonly SourceFile[]): void {
  for (const { path, text } of files) {
    process.stdout.write(Buffer.from(`# configuration file ${path}:\n${text}\n`, 'latin1'));
  }
}
