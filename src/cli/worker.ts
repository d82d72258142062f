import { NO_SOCKET } from '../core/operation.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { type ErrorLog, Zones } from '../server/index.ts';
import { AdoptedSockets } from './adopted-sockets.ts';
import { load, pluginsOf, type ReadyConf, RecordedSources } from './load.ts';
import { nativeCalls } from './native-calls.ts';
import type { Paths } from './paths.ts';
import { ProcessLogs } from './process-logs.ts';
import { Program } from './program.ts';
import { programPort } from './program-port.ts';
import { limitBacktracking } from './regex-limit.ts';
import { failed } from './say.ts';
import { crashText } from './system-error.ts';
import { become } from './user.ts';
import { FATAL_STATUS, type MasterMessage, type WorkerOrder } from './worker-messages.ts';
import { workerZones } from './worker-zones.ts';

/** Long enough for a few turns of the loop. */
const TAKE_MS = 20;

/** The work of a process that takes connections, and is told what to do by its master. */
class Worker {
  readonly #logs: ProcessLogs;
  readonly #log: ErrorLog;
  readonly #program: Program;
  readonly #sockets: AdoptedSockets;
  readonly #order: WorkerOrder;
  #leaving = false;

  /** Throws what is wrong. All that root alone may open is opened here. */
  constructor(order: WorkerOrder, conf: ReadyConf, port: ProactorPort) {
    const { workerRlimitNofile: limit, errorLogs } = conf.main;
    this.#order = order;
    this.#logs = new ProcessLogs(order.paths);
    this.#log = this.#logs.errorLog(errorLogs);
    const shared = workerZones(order.zones, order.slot, port.loop.nowMs(), this.#log);
    this.#program = new Program(conf, port, this.#logs, new Zones(undefined, shared));
    const balance = order.shared && port.capabilities.exclusiveAccept ? 'exclusive' : 'none';
    this.#sockets = new AdoptedSockets(port, 'take', balance);
    if (limit !== undefined && !nativeCalls().limitDescriptors(limit)) {
      this.#log.write('alert', `setrlimit(RLIMIT_NOFILE, ${limit}) failed`);
    }
    if (order.identity !== undefined) become(order.identity);
  }

  async begin(): Promise<void> {
    const given = this.#order.sockets.map((one) => ({ ...one, socket: NO_SOCKET, lent: true }));
    await this.#sockets.add(given);
    this.#program.serve(this.#sockets);
  }

  quit(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    process.title = 'nginx: worker process is shutting down';
    this.#log.write('notice', 'gracefully shutting down');
    void this.#end(this.#program.conf.main.workerShutdownTimeout);
  }

  stop(): void {
    this.#leaving = true;
    void this.#end(0);
  }

  crashed(error: unknown): void {
    this.#log.write('alert', crashText(error));
    process.exit(1);
  }

  reopen(): void {
    for (const failure of this.#logs.reopen()) this.#log.write('emerg', failure);
  }

  async #end(drainMs: number): Promise<void> {
    this.#program.stopAccepting();
    // Who was accepted meanwhile comes before that has ended, and is served.
    await this.#sockets.closeListeners();
    await this.#program.close(drainMs);
    this.#log.write('notice', 'exiting');
    this.#log.write('notice', 'exit');
    process.exit(0);
  }
}

let worker: Worker | undefined;
let paths: Paths | undefined;

/** What came before there was a worker to do it. */
let first: 'quit' | 'stop' | undefined;

async function start(order: WorkerOrder): Promise<void> {
  paths = order.paths;
  const recorded = new RecordedSources(order.recorded);
  const loaded = load(order.paths, order.globals, recorded);
  if ('error' in loaded) throw loaded.error;
  const plugins = await pluginsOf(loaded.conf);
  const conf = { ...loaded.conf, addresses: recorded.addresses, plugins };
  const made = new Worker(order, conf, await programPort(conf.main.use));
  await made.begin();
  worker = made;
  // A master that has gone meanwhile leaves nobody to tell.
  if (process.connected) process.send?.({ kind: 'ready' }, undefined, undefined, () => {});
  // Connections have waited for this worker: it takes them before it leaves.
  if (first === 'quit') setTimeout(() => made.quit(), TAKE_MS);
  else if (first === 'stop') made.stop();
}

function fail(error: unknown): void {
  if (paths !== undefined) failed(error, paths);
  process.exit(FATAL_STATUS);
}

function told(kind: 'quit' | 'stop' | 'reopen'): void {
  if (worker !== undefined) worker[kind]();
  else if (kind !== 'reopen') first = kind;
}

process.title = 'nginx: worker process';
limitBacktracking();
process.on('message', (message: MasterMessage) => {
  if (message.kind === 'start') start(message).catch(fail);
  else told(message.kind);
});
// Without a master nobody could ever end this process in an orderly way.
process.on('disconnect', () => told('quit'));
process.on('uncaughtException', (error) => {
  if (worker === undefined) fail(error);
  else worker.crashed(error);
});
process.on('SIGQUIT', () => told('quit'));
process.on('SIGTERM', () => told('stop'));
process.on('SIGINT', () => told('stop'));
process.on('SIGUSR1', () => told('reopen'));
for (const signal of ['SIGHUP', 'SIGUSR2', 'SIGWINCH', 'SIGPIPE'] as const) {
  process.on(signal, () => {});
}
