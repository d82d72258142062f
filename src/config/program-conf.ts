import type { LocationConf } from '../server/conf/location-conf.ts';
import type { ErrorLogConf } from '../server/conf/log-conf.ts';
import type { ServerConf, SiteConf } from '../server/conf/site-conf.ts';
import type { StreamConf, StreamServerConf } from '../server/conf/stream-conf.ts';
import type { HostUse } from './host-use.ts';
import type { PhaseModuleUse } from './reader.ts';
import type { SourceFile } from './syntax.ts';

/** What stands outside of all blocks, and in `events`. Times in milliseconds. */
export type MainConf = {
  readonly daemon: boolean;
  readonly masterProcess: boolean;
  /** `auto`: as many as there are processors. */
  readonly workerProcesses: number | 'auto';
  readonly workerShutdownTimeout: number;
  readonly workerRlimitNofile: number | undefined;
  readonly pid: string;
  readonly user: { readonly name: string; readonly group: string | undefined } | undefined;
  readonly env: readonly string[];
  readonly errorLogs: readonly ErrorLogConf[];
  readonly workerConnections: number;
  readonly use: string | undefined;
  readonly multiAccept: boolean;
  readonly debugConnections: readonly string[];
};

export const MAIN_DEFAULTS: MainConf = {
  daemon: true,
  masterProcess: true,
  workerProcesses: 1,
  workerShutdownTimeout: Number.POSITIVE_INFINITY,
  workerRlimitNofile: undefined,
  pid: 'logs/nginx.pid',
  user: undefined,
  env: [],
  errorLogs: [],
  workerConnections: 512,
  use: undefined,
  multiAccept: false,
  debugConnections: [],
};

/** Everything that directives can set, by the property that it becomes. */
export type Settings = MainConf &
  Omit<LocationConf, 'locations'> &
  Omit<ServerConf, 'location'> &
  StreamServerConf;

/** A whole configuration, as data. */
export type ProgramConf = {
  readonly main: MainConf;
  /** `http { … }`. */
  readonly site: SiteConf | undefined;
  /** `stream { … }`. */
  readonly stream: StreamConf | undefined;
  /** Names of servers: they are looked up before anything starts. */
  readonly hosts: readonly HostUse[];
  /** Where they are, once that is known. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** Files of `phase_module`: they are loaded before anything starts. */
  readonly phaseModules: readonly PhaseModuleUse[];
  /** Files of access logs: they are made at the start, also where nobody writes to them. */
  readonly logPaths: readonly string[];
  readonly files: readonly SourceFile[];
  /** What was accepted and should be known: `[warn]` lines. */
  readonly warnings: readonly string[];
};
