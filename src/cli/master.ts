import { release, type } from 'node:os';
import { ConfigError, type ProgramConf } from '../config/index.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { NGINX_VERSION } from '../server/engine/version.ts';
import type { ErrorLog } from '../server/index.ts';
import { type Crew, LocalCrew } from './crew.ts';
import { type Generation, Generations, give } from './generations.ts';
import { type Inheritance, inheritSockets } from './inherited-sockets.ts';
import { ListeningSockets } from './listening-sockets.ts';
import { load, RecordedSources } from './load.ts';
import type { Paths } from './paths.ts';
import { removePidFile, writePidFile } from './pid-file.ts';
import { ProcessLogs, StartLog } from './process-logs.ts';
import { programPort } from './program-port.ts';
import { sayHint } from './say.ts';
import { reloadingState, tellManager } from './service-manager.ts';
import { Succession } from './succession.ts';
import { crashText } from './system-error.ts';
import { identityOf } from './user.ts';

/** Longer than any run: with nothing else to do the process must not end. */
const FOREVER_MS = 2 ** 31 - 1;

export type MasterOptions = {
  readonly paths: Paths;
  readonly globals: string;
  readonly inheritance: Inheritance;
  /** Where a service manager wants to be told. */
  readonly notifyPath: string | undefined;
  /** Does nobody look at this process's terminal? */
  readonly detached: boolean;
};

/**
 * The process of the pid file. It has the listening sockets, and crews that accept from them: one
 * for the configuration that holds, and older ones until their last connection has ended.
 */
export class Master {
  readonly #options: MasterOptions;
  readonly #logs: ProcessLogs;
  readonly #leaving = new Set<Crew>();
  /** Crews that were told to leave, whether they have or not. */
  readonly #left = new WeakSet<Crew>();
  readonly #parent = process.ppid;
  readonly #succession: Succession;
  #log: ErrorLog;
  #port: ProactorPort | undefined;
  #sockets: ListeningSockets | undefined;
  #generations: Generations | undefined;
  #current: Generation | undefined;
  /** The one that is being started, to follow the current one. */
  #next: Crew | undefined;
  #accepting = true;
  #replacing = false;
  #ending = false;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#logs = new ProcessLogs(options.paths);
    this.#log = new StartLog(undefined, false);
    const { inheritance, notifyPath } = options;
    const hasElder = inheritance.from === 'program';
    this.#succession = new Succession({ hasElder, notifyPath, log: () => this.#log });
  }

  /** Starts what the configuration says. `false`: it cannot be, as the log and people were told. */
  async start(conf: ProgramConf, recorded: RecordedSources): Promise<boolean> {
    try {
      await this.#start(conf, recorded);
      return true;
    } catch (error) {
      this.#log.write('emerg', error instanceof Error ? error.message : String(error));
      if (error instanceof ConfigError) sayHint(error);
      await this.#sockets?.close(this.#succession.isLast);
      return false;
    }
  }

  async #start(conf: ProgramConf, recorded: RecordedSources): Promise<void> {
    const { inheritance, notifyPath } = this.#options;
    const log = this.#logs.errorLog(conf.main.errorLogs);
    this.#log = new StartLog(
      log,
      conf.main.errorLogs.some(({ path }) => path === 'stderr'),
    );
    for (const warning of conf.warnings) this.#log.write('warn', warning);
    const port = await programPort(conf.main.use);
    this.#port = port;
    const inherited = await inheritSockets(port, inheritance);
    const sockets = new ListeningSockets(port, inherited, (text) => this.#log.write('emerg', text));
    this.#sockets = sockets;
    const { paths, globals } = this.#options;
    const current = (): ErrorLog => this.#log;
    const parts = { paths, globals, port, logs: this.#logs, sockets, log: current };
    this.#generations = new Generations(parts);
    if (inheritance.from === 'program') {
      this.#log.write('notice', `using inherited sockets from "${inheritance.text}"`);
    }
    this.#log.write('notice', `using the "${methodOf(port.name)}" event method`);
    this.#log.write('notice', `nginx/${NGINX_VERSION}`);
    this.#log.write('notice', `OS: ${type()} ${release()}`);
    const generation = await this.#generations.make(conf, recorded, undefined);
    this.#current = generation;
    // A service manager goes on to listen on what it has given us: a reload may ask for it.
    if (inheritance.from === 'program') inherited.closeRest();
    const begun = generation.crew.begin();
    // Connections wait in the kernel until worker processes take them.
    if (generation.crew instanceof LocalCrew) await begun;
    else begun.catch((error: Error) => this.#log.write('alert', error.message));
    writePidFile(generation.pidPath);
    this.#log = log;
    setInterval(() => {}, FOREVER_MS);
    process.title = `nginx: master process ${process.argv.slice(1).join(' ')}`;
    tellManager(`READY=1\nMAINPID=${process.pid}\n`, notifyPath);
  }

  /** HUP: the new configuration takes over, or nothing changes. */
  async reload(): Promise<void> {
    this.#received(1, 'SIGHUP', ', reconfiguring');
    if (this.#ending) return;
    if (!this.#accepting) {
      await this.#acceptAgain();
      return;
    }
    this.#log.write('notice', 'reconfiguring');
    tellManager(reloadingState(), this.#options.notifyPath);
    const recorded = new RecordedSources();
    const loaded = load(this.#options.paths, this.#options.globals, recorded);
    if ('error' in loaded) this.#log.write('emerg', loaded.error.message);
    else {
      for (const warning of loaded.conf.warnings) this.#log.write('warn', warning);
      await this.#restart(loaded.conf, recorded);
    }
    tellManager('READY=1\n', this.#options.notifyPath);
  }

  /** USR1. Workers that are somebody else must be able to open the files, too. */
  reopen(): void {
    this.#received(10, 'SIGUSR1', ', reopening logs');
    this.#log.write('notice', 'reopening logs');
    for (const failure of this.#logs.reopen()) this.#log.write('emerg', failure);
    const identity = this.#current && identityOf(this.#current.conf.main);
    if (identity !== undefined) {
      for (const path of this.#logs.paths) give(path, identity, this.#log);
    }
    for (const crew of this.#crews()) crew.reopen();
  }

  /** QUIT: requests are answered to their end. */
  async quit(): Promise<void> {
    this.#received(3, 'SIGQUIT', ', shutting down');
    if (this.#ending) return;
    this.#ending = true;
    const ended = Promise.all(this.#crews().map((crew) => crew.quit()));
    await this.#end(ended);
  }

  /** TERM, INT: everything is closed now. */
  async stop(signal: 'SIGTERM' | 'SIGINT'): Promise<void> {
    this.#received(signal === 'SIGTERM' ? 15 : 2, signal, ', exiting');
    const ended = Promise.all(this.#crews().map((crew) => crew.stop()));
    if (this.#ending) return;
    this.#ending = true;
    this.#log.write('notice', 'exiting');
    await this.#end(ended);
  }

  /** USR2: the program as it is on disk now is started with the sockets of this one. */
  upgrade(): void {
    this.#received(12, 'SIGUSR2', ', changing binary');
    const { pidPath } = this.#current ?? {};
    if (pidPath === undefined || this.#sockets === undefined || this.#ending) return;
    if (this.#sockets.canHandOver) {
      this.#succession.start(this.#sockets.all, pidPath, () => void this.#acceptAgain());
    } else this.#log.write('warn', `the ${this.#port?.name} adapter cannot hand sockets over`);
  }

  /** WINCH: nobody here takes connections any more, but the sockets stay open. */
  async stopAccepting(): Promise<void> {
    this.#received(28, 'SIGWINCH', '');
    // A terminal that changes its size says the same.
    if (!this.#options.detached || !this.#accepting || this.#ending) return;
    this.#accepting = false;
    const crew = this.#current?.crew;
    if (crew === undefined) return;
    this.#retire(crew);
    await this.#generations?.stopListening();
  }

  /**
   * A bug of ours, in the process that does all. As for a worker that dies: its connections are lost,
   * and another one with the same configuration takes its place.
   */
  async crashed(error: unknown): Promise<void> {
    this.#log.write('alert', crashText(error));
    const { crew, conf, recorded, pidPath } = this.#current ?? {};
    if (this.#replacing) return;
    if (
      crew instanceof LocalCrew &&
      conf !== undefined &&
      recorded !== undefined &&
      !this.#ending
    ) {
      this.#replacing = true;
      await this.#restart(conf, recorded).finally(() => {
        this.#replacing = false;
      });
      await crew.stop();
      return;
    }
    if (pidPath !== undefined) removePidFile(pidPath);
    process.exit(1);
  }

  #received(number: number, name: string, doing: string): void {
    this.#log.write('notice', `signal ${number} (${name}) received from ${this.#parent}${doing}`);
  }

  #crews(): Crew[] {
    const current = this.#current && this.#accepting ? [this.#current.crew] : [];
    const next = this.#next === undefined ? [] : [this.#next];
    return [...current, ...next, ...this.#leaving];
  }

  async #restart(conf: ProgramConf, recorded: RecordedSources): Promise<void> {
    const previous = this.#current;
    const generations = this.#generations as Generations;
    let generation: Generation | undefined;
    try {
      generation = await generations.make(conf, recorded, previous);
      for (const failure of this.#logs.reopen()) this.#log.write('emerg', failure);
      this.#next = generation.crew;
      await generation.crew.begin();
      if (generation.pidPath !== previous?.pidPath) writePidFile(generation.pidPath);
    } catch (error) {
      // Whatever it is: the configuration that works goes on.
      this.#log.write('emerg', error instanceof Error ? error.message : String(error));
      await generation?.crew.stop();
      if (previous !== undefined) await generations.keepOnly(previous);
      return;
    } finally {
      this.#next = undefined;
    }
    if (this.#ending) return;
    this.#current = generation;
    this.#log = this.#logs.errorLog(conf.main.errorLogs);
    if (previous !== undefined) {
      if (previous.pidPath !== generation.pidPath) removePidFile(previous.pidPath);
      if (!this.#left.has(previous.crew)) this.#retire(previous.crew);
    }
    await generations.keepOnly(generation);
  }

  #retire(crew: Crew): void {
    this.#left.add(crew);
    this.#leaving.add(crew);
    void crew.quit().then(() => this.#leaving.delete(crew));
  }

  /** The newer program was not wanted after all: this one works again, as it was. */
  async #acceptAgain(): Promise<void> {
    if (this.#accepting || this.#current === undefined || this.#ending) return;
    this.#accepting = true;
    await this.#restart(this.#current.conf, this.#current.recorded);
  }

  async #end(ended: Promise<unknown>): Promise<void> {
    const { notifyPath } = this.#options;
    tellManager('STOPPING=1\n', notifyPath);
    const isLast = this.#succession.isLast;
    await this.#generations?.stopListening();
    await this.#sockets?.closeListeners(isLast);
    await ended;
    await this.#sockets?.close(isLast);
    this.#log.write('notice', 'exit');
    const { pidPath } = this.#current ?? {};
    if (pidPath !== undefined) {
      removePidFile(this.#succession.fileOf(pidPath));
    }
    this.#logs.close();
    process.exit(0);
  }
}

/** Bridges and the like are no concern of those who search logs. */
function methodOf(name: string): string {
  return ['epoll', 'io-uring', 'node'].find((adapter) => name.includes(adapter)) ?? name;
}
