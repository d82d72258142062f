import { MAIN_DEFAULTS, type MainConf, type ProgramConf } from '../config/index.ts';
import type { SiteConf, StreamConf } from '../server/index.ts';
import { Generations } from './generations.ts';
import { inheritSockets } from './inherited-sockets.ts';
import { ListeningSockets } from './listening-sockets.ts';
import { RecordedSources } from './load.ts';
import { needsOf } from './needs.ts';
import { ProcessLogs } from './process-logs.ts';
import { programPort } from './program-port.ts';

/** What is served: data as `sluice --print-ts` writes it, and settings of the program. */
export type ServeOptions = {
  readonly site?: SiteConf | undefined;
  readonly stream?: StreamConf | undefined;
} & Partial<
  Omit<MainConf, 'daemon' | 'masterProcess' | 'workerProcesses' | 'pid' | 'user' | 'env'>
>;

/** A site at work. */
export type Serving = {
  /** Takes no more clients; resolves when those there are have ended, at most `drainMs` later. */
  close(drainMs?: number): Promise<void>;
};

/** Serves a configuration in this process. Rejects where an address or a log cannot be had. */
export async function serve({ site, stream, ...settings }: ServeOptions): Promise<Serving> {
  const main: MainConf = { ...MAIN_DEFAULTS, ...settings, masterProcess: false, daemon: false };
  const needs = needsOf(site, stream);
  const nothing = { addresses: new Map(), logPaths: [], files: [], warnings: [] };
  const conf: ProgramConf = { main, site, stream, ...needs, ...nothing };
  const prefix = site?.prefix ?? stream?.prefix ?? `${process.cwd()}/`;
  const paths = { prefix, config: '', errorLog: 'stderr' };
  const port = await programPort(main.use);
  const logs = new ProcessLogs(paths);
  const log = logs.errorLog(main.errorLogs);
  const inherited = await inheritSockets(port, { descriptors: [], from: undefined, text: '' });
  const sockets = new ListeningSockets(port, inherited, (text) => log.write('emerg', text));
  const parts = { paths, globals: '', port, logs, sockets, log: () => log };
  const generations = new Generations(parts);
  const { crew } = await generations.make(conf, new RecordedSources(), undefined);
  await crew.begin();
  return {
    async close(drainMs = Number.POSITIVE_INFINITY): Promise<void> {
      const ended = drainMs === 0 ? crew.stop() : crew.quit();
      await generations.stopListening();
      await sockets.closeListeners(true);
      await ended;
      await sockets.close(true);
      logs.close();
      await new Promise<void>((resolve) => port.close(resolve));
    },
  };
}
