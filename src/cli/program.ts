import { randomBytes } from 'node:crypto';
import { hostname, release, type } from 'node:os';
import { ConfigError, type ProgramConf, readConfig, type SourceFile } from '../config/index.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { type Environment, type ErrorLog, MODULES, NGINX_VERSION, Site } from '../server/index.ts';
import type { Arguments } from './arguments.ts';
import { FileErrorLog } from './error-log.ts';
import { fileSources } from './file-sources.ts';
import { systemFiles } from './files.ts';
import { BindError, ListeningSockets } from './listening-sockets.ts';
import { LogFiles, makeDirectory } from './log-files.ts';
import { openPort } from './open-port.ts';
import { removePidFile, writePidFile } from './pid-file.ts';

/** Where the program looks for its files when nobody says. */
const PREFIX = '/etc/nginx/';
const CONFIG = 'conf/nginx.conf';
const ERROR_LOG = 'logs/error.log';
const ADAPTERS: Readonly<Record<string, 'node' | 'epoll' | 'io-uring'>> = {
  node: 'node',
  epoll: 'epoll',
  'io-uring': 'io-uring',
};

/** Absolute paths of what the command line names. */
export type Paths = { readonly prefix: string; readonly config: string; readonly errorLog: string };

export function pathsOf(args: Arguments): Paths {
  const prefix = absolute(args.prefix ?? PREFIX, `${process.cwd()}/`);
  const errorLog = args.errorLog ?? ERROR_LOG;
  return {
    prefix,
    config: absolute(args.config ?? CONFIG, prefix),
    errorLog: errorLog === 'stderr' ? errorLog : absolute(errorLog, prefix),
  };
}

function absolute(path: string, directory: string): string {
  return path.startsWith('/') ? path : directory + path;
}

/** A configuration that was read, or why it was not. */
export type Loaded =
  | { readonly conf: ProgramConf }
  | {
      readonly error: ConfigError;
      readonly files: readonly SourceFile[];
      readonly warnings: readonly string[];
    };

export function load(paths: Paths, args: Arguments): Loaded {
  return readConfig({
    sources: fileSources,
    file: paths.config,
    prefix: paths.prefix,
    globals: args.globals,
    isRoot: process.getuid?.() === 0,
  });
}

/** One configuration at work. */
type Generation = { readonly conf: ProgramConf; readonly site: Site | undefined };

/** The program in one process: what signals ask of it, and what it runs. */
export class Program {
  readonly #paths: Paths;
  readonly #args: Arguments;
  readonly #logs = new LogFiles();
  #port: ProactorPort | undefined;
  #sockets: ListeningSockets | undefined;
  #current: Generation | undefined;
  #log: ErrorLog;
  #generations = 0;
  #stopping = false;

  constructor(paths: Paths, args: Arguments) {
    this.#paths = paths;
    this.#args = args;
    this.#log = this.#errorLogOf([]);
  }

  /** Starts what the configuration says; throws `ConfigError`, `BindError` or what the system says. */
  async start(conf: ProgramConf): Promise<void> {
    const adapter = ADAPTERS[conf.main.use ?? ''] ?? 'auto';
    const port = openPort({ adapter });
    this.#port = port;
    this.#log = this.#errorLogOf(conf.main.errorLogs);
    this.#sockets = new ListeningSockets(port, (message) => this.#log.write('emerg', message));
    this.#log.write('notice', `using the "${conf.main.use ?? 'epoll'}" event method`);
    this.#log.write('notice', `nginx/${NGINX_VERSION}`);
    this.#log.write('notice', `OS: ${type()} ${release()}`);
    await this.#run(conf);
    this.#log.write('notice', 'start worker processes');
    this.#log.write('notice', `start worker process ${process.pid}`);
    writePidFile(this.#pidPath(conf));
  }

  /** HUP: the new configuration takes over, or nothing changes. */
  async reload(): Promise<void> {
    this.#log.write('notice', `signal 1 (SIGHUP) received from ${process.ppid}, reconfiguring`);
    this.#log.write('notice', 'reconfiguring');
    const loaded = load(this.#paths, this.#args);
    if ('error' in loaded) {
      this.#log.write('emerg', loaded.error.message);
      return;
    }
    const previous = this.#current;
    try {
      this.#logs.reopen();
      await this.#run(loaded.conf);
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof BindError)) throw error;
      this.#log.write('emerg', error.message);
      return;
    }
    this.#log = this.#errorLogOf(loaded.conf.main.errorLogs);
    await this.#retire(previous, loaded.conf);
  }

  reopen(): void {
    this.#logs.reopen();
  }

  /** QUIT: requests are answered to their end. */
  async quit(): Promise<void> {
    this.#log.write('notice', `signal 3 (SIGQUIT) received from ${process.ppid}, shutting down`);
    this.#log.write('notice', 'gracefully shutting down');
    await this.#end(this.#current?.conf.main.workerShutdownTimeout ?? 0);
  }

  /** TERM, INT: everything is closed now. */
  async stop(): Promise<void> {
    await this.#end(0);
  }

  async #end(drainMs: number): Promise<void> {
    if (this.#stopping && drainMs > 0) return;
    this.#stopping = true;
    const { site, conf } = this.#current ?? {};
    const closed = site?.close(drainMs);
    await this.#sockets?.keepOnly([]);
    await closed;
    this.#log.write('notice', 'exit');
    if (conf !== undefined) removePidFile(this.#pidPath(conf));
    await new Promise<void>((resolve) => this.#port?.close(resolve));
    this.#logs.close();
    process.exit(0);
  }

  async #retire(previous: Generation | undefined, conf: ProgramConf): Promise<void> {
    const number = this.#generations - 1;
    this.#log.write('notice', 'gracefully shutting down');
    await previous?.site?.close(conf.main.workerShutdownTimeout);
    this.#log.write('notice', 'exiting');
    this.#log.write('notice', 'exit');
    this.#log.write('notice', `worker process ${number} exited with code 0`);
  }

  async #run(conf: ProgramConf): Promise<void> {
    const port = this.#port as ProactorPort;
    const sockets = this.#sockets as ListeningSockets;
    const site = conf.site && new Site(conf.site, this.#environment(port, conf), MODULES);
    const listens = site?.listeners.map((listener) => listener.conf) ?? [];
    await sockets.open(listens);
    const previous = this.#current;
    previous?.site?.stopAccepting();
    for (const listener of site?.listeners ?? []) {
      const { socket, endpoint } = sockets.get(listener.conf.text);
      listener.endpoint = endpoint;
      site?.serve(listener, socket);
    }
    await sockets.keepOnly(listens);
    this.#current = { conf, site };
    this.#generations += 1;
  }

  #environment(port: ProactorPort, conf: ProgramConf): Environment {
    const random = { nextUint32: () => randomBytes(4).readUInt32LE(0) };
    for (const path of temporaryPaths(conf)) makeDirectory(this.#full(path));
    return {
      port,
      random,
      wallMs: Date.now,
      files: systemFiles,
      pid: process.pid,
      hostname: hostname(),
      log: (path) => this.#openLog(path),
      errorLog: (logs) => this.#errorLogOf(logs.length > 0 ? logs : conf.main.errorLogs),
    };
  }

  /** Without a word in the configuration, the log that the command line names. */
  #errorLogOf(logs: ProgramConf['main']['errorLogs']): FileErrorLog {
    const confs =
      logs.length > 0 ? logs : [{ path: this.#paths.errorLog, level: 'error' as const }];
    return new FileErrorLog(confs, (path) => this.#openLog(path), process.pid);
  }

  #openLog(path: string): ReturnType<LogFiles['open']> {
    return this.#logs.open(path === 'stderr' ? path : this.#full(path));
  }

  #full(path: string): string {
    return absolute(path, this.#paths.prefix);
  }

  #pidPath(conf: ProgramConf): string {
    return this.#full(conf.main.pid);
  }
}

function temporaryPaths({ site }: ProgramConf): ReadonlySet<string> {
  return new Set(site?.servers.map(({ location }) => location.clientBodyTempPath));
}
