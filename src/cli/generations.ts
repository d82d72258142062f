import { chownSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ProgramConf } from '../config/index.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { type ErrorLog, Zones } from '../server/index.ts';
import { AdoptedSockets } from './adopted-sockets.ts';
import { type Crew, LocalCrew } from './crew.ts';
import type { Listening, ListeningSockets } from './listening-sockets.ts';
import { addressesOf, pluginsOf, type RecordedSources } from './load.ts';
import { makeDirectory } from './log-files.ts';
import { nativeCalls } from './native-calls.ts';
import { absolute, type Paths } from './paths.ts';
import { ProcessCrew } from './process-crew.ts';
import type { ProcessLogs } from './process-logs.ts';
import { Program, temporaryPaths } from './program.ts';
import { failedCall } from './system-error.ts';
import { type Identity, identityOf } from './user.ts';
import { type CrewZones, ZoneStore } from './zone-store.ts';

/** A configuration at work, and who does it. */
export type Generation = {
  readonly conf: ProgramConf;
  readonly recorded: RecordedSources;
  readonly crew: Crew;
  readonly listening: readonly Listening[];
  readonly pidPath: string;
  readonly zones: Zones;
  /** What worker processes share. */
  readonly crewZones: CrewZones | undefined;
};

export type GenerationsOptions = {
  readonly paths: Paths;
  readonly globals: string;
  readonly port: ProactorPort;
  readonly logs: ProcessLogs;
  readonly sockets: ListeningSockets;
  readonly log: () => ErrorLog;
};

/** Makes configurations ready to work, one after the other. */
export class Generations {
  readonly #options: GenerationsOptions;
  readonly #local: AdoptedSockets;
  readonly #store = new ZoneStore();
  #count = 0;

  constructor(options: GenerationsOptions) {
    this.#options = options;
    this.#local = new AdoptedSockets(options.port, 'duplicate', 'exclusive');
  }

  /**
   * Checks all of a configuration, and opens what it needs; nobody works yet. Rejects with
   * `ConfigError` or `StartError`, and then nothing has changed.
   */
  async make(
    given: ProgramConf,
    recorded: RecordedSources,
    previous: Generation | undefined,
  ): Promise<Generation> {
    const { paths, globals, port, logs, sockets, log } = this.#options;
    recorded.addresses = await addressesOf(given, port);
    const plugins = await pluginsOf(given);
    const conf = { ...given, addresses: recorded.addresses, plugins };
    const { main } = conf;
    const identity = identityOf(main);
    const zones = new Zones(previous?.zones);
    const program = new Program(conf, port, logs, zones);
    makeDirectories(conf, paths, identity, log());
    const count = this.#processesOf(conf, identity);
    const listening = await sockets.open(program.listens, Math.max(count, 1)).catch((error) => {
      void program.close(0);
      throw error;
    });
    const pidPath = absolute(main.pid, paths.prefix);
    this.#count += 1;
    if (count === 0) {
      this.#prepareProcess(conf);
      const crew = new LocalCrew(program, { sockets: this.#local, log }, listening, this.#count);
      return { conf, recorded, crew, listening, pidPath, zones, crewZones: undefined };
    }
    await program.close(0); // It was made to be checked.
    const crewZones = this.#crewZones(zones, count, previous?.crewZones);
    const order = { kind: 'start', paths, globals, recorded: recorded.recorded, identity } as const;
    const crew = new ProcessCrew({ order, main, count, listening, zones: crewZones, log });
    return { conf, recorded, crew, listening, pidPath, zones, crewZones };
  }

  /** Closes what this generation does not listen on. Those before it have been told to leave. */
  async keepOnly({ crew, listening }: Generation): Promise<void> {
    if (crew instanceof LocalCrew) await this.#local.keepOnly(listening);
    else await this.#local.closeListeners();
    await this.#options.sockets.keepOnly(listening);
  }

  /** This process itself accepts nothing any more. */
  stopListening(): Promise<void> {
    return this.#local.closeListeners();
  }

  /** 0: this process does the work itself. One worker as the same user gains nothing. */
  #processesOf({ main }: ProgramConf, identity: Identity | undefined): number {
    const { masterProcess, workerProcesses } = main;
    const count = workerProcesses === 'auto' ? availableParallelism() : workerProcesses;
    const isSame = identity === undefined || identity.uid === process.getuid?.();
    if (!masterProcess || (count <= 1 && isSame)) return 0;
    const { sockets, port, log } = this.#options;
    if (sockets.canHandOver) return Math.max(count, 1);
    log().write('warn', `the ${port.name} adapter cannot hand sockets over, one process does all`);
    return 0;
  }

  /** What cannot be shared each worker has for itself. */
  #crewZones(zones: Zones, count: number, previous: CrewZones | undefined): CrewZones {
    const log = this.#options.log();
    return this.#store.crew(zones.wanted, count, previous, (id, why) => {
      log.write('warn', `${notShared(id)}: ${why}`);
    });
  }

  /** What workers are told as processes, where there are none. */
  #prepareProcess({ main }: ProgramConf): void {
    for (const entry of main.env) {
      const at = entry.indexOf('=');
      if (at > 0) process.env[entry.slice(0, at)] = entry.slice(at + 1);
    }
    const limit = main.workerRlimitNofile;
    if (limit === undefined) return;
    const isDone = this.#options.sockets.canHandOver && nativeCalls().limitDescriptors(limit);
    if (!isDone) this.#options.log().write('warn', `setrlimit(RLIMIT_NOFILE, ${limit}) failed`);
  }
}

function notShared(id: string): string {
  return `zone "${id}" is not shared by worker processes, each of them counts for itself`;
}

function makeDirectories(
  conf: ProgramConf,
  paths: Paths,
  identity: Identity | undefined,
  log: ErrorLog,
): void {
  for (const path of temporaryPaths(conf)) {
    const full = absolute(path, paths.prefix);
    if (makeDirectory(full) && identity !== undefined) give(full, identity, log);
  }
}

/** Workers that are somebody else must be able to write there. */
export function give(path: string, { uid, gid }: Identity, log: ErrorLog): void {
  try {
    chownSync(path, uid, gid);
  } catch (error) {
    log.write('emerg', failedCall(`chown("${path}", ${uid})`, error));
  }
}
