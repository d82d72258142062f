import type { MainConf } from '../config/index.ts';
import type { ErrorLog } from '../server/index.ts';
import type { Crew } from './crew.ts';
import type { Listening } from './listening-sockets.ts';
import { StartError } from './system-error.ts';
import { FATAL_STATUS, type WorkerOrder } from './worker-messages.ts';
import { type WorkerEnd, WorkerProcess } from './worker-process.ts';
import type { CrewZones } from './zone-store.ts';

/** Longest that workers may take until they take connections. */
const READY_MS = 30_000;
/** A worker that ended sooner than this after its start is replaced this much later. */
const RESPAWN_MS = 500;
const TOO_MANY = 'too many worker processes share zones, another one counts for itself';

/** What a crew of processes is made of. */
export type CrewOptions = {
  readonly order: Omit<WorkerOrder, 'sockets' | 'shared' | 'zones' | 'slot'>;
  readonly main: MainConf;
  readonly count: number;
  readonly listening: readonly Listening[];
  readonly zones: CrewZones;
  readonly log: () => ErrorLog;
};

/** Worker processes of one configuration; one that dies is replaced. */
export class ProcessCrew implements Crew {
  readonly #options: CrewOptions;
  readonly #environment: NodeJS.ProcessEnv;
  /** By place: sockets that workers have one each of go with it. */
  readonly #workers = new Map<number, WorkerProcess>();
  #leaving = false;
  #isStopping = false;
  #ended: (() => void) | undefined;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#environment = environmentOf(options.main.env);
  }

  async begin(): Promise<void> {
    const { log, count } = this.#options;
    log().write('notice', 'start worker processes');
    const workers = Array.from({ length: count }, (_, place) => this.#start(place));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), READY_MS);
    });
    const ready = Promise.all(workers.map((worker) => worker.ready));
    const answers = await Promise.race([ready.then((all) => all.every(Boolean)), late]);
    clearTimeout(timer);
    if (!answers && !this.#leaving) throw new StartError('worker processes could not start');
  }

  quit(): Promise<void> {
    return this.#end((worker) => worker.quit());
  }

  stop(): Promise<void> {
    this.#isStopping = true;
    return this.#end((worker) => worker.stop());
  }

  reopen(): void {
    for (const worker of this.#workers.values()) worker.reopen();
  }

  #end(tell: (worker: WorkerProcess) => void): Promise<void> {
    this.#leaving = true;
    for (const worker of this.#workers.values()) tell(worker);
    if (this.#workers.size === 0) {
      this.#options.zones.end();
      return Promise.resolve();
    }
    const earlier = this.#ended;
    return new Promise((resolve) => {
      this.#ended = () => {
        earlier?.();
        resolve();
      };
    });
  }

  #start(place: number): WorkerProcess {
    const { order, count, log, zones } = this.#options;
    const slot = zones.enter();
    const given = zones.given(slot);
    if (given.length < zones.size) log().write('warn', TOO_MANY);
    const listening = this.#options.listening.filter(({ key }) => isFor(key, place));
    const worker = new WorkerProcess(
      { ...order, shared: count > 1 },
      { listening, zones: given, slot },
      this.#environment,
    );
    this.#workers.set(place, worker);
    log().write('notice', `start worker process ${worker.pid}`);
    void worker.ended.then((end) => {
      zones.left(slot);
      this.#gone(place, worker, end);
    });
    return worker;
  }

  #gone(place: number, worker: WorkerProcess, { status, signal }: WorkerEnd): void {
    const { log } = this.#options;
    const name = `worker process ${worker.pid} exited`;
    log().write('notice', `signal 17 (SIGCHLD) received from ${worker.pid}`);
    if (signal !== null) {
      const level = this.#isStopping ? 'notice' : 'alert';
      log().write(level, `${name} on signal ${SIGNALS[signal] ?? signal}`);
    } else if (status === FATAL_STATUS && !this.#leaving) {
      log().write('alert', `${name} with fatal code ${status} and cannot be respawned`);
    } else log().write('notice', `${name} with code ${status}`);
    this.#workers.delete(place);
    if (this.#leaving) {
      if (this.#workers.size > 0) return;
      this.#options.zones.end();
      this.#ended?.();
      return;
    }
    if (status === FATAL_STATUS) return;
    const isYoung = performance.now() - worker.startedMs < RESPAWN_MS;
    setTimeout(() => this.#replace(place), isYoung ? RESPAWN_MS : 0);
  }

  #replace(place: number): void {
    if (!this.#leaving && !this.#workers.has(place)) this.#start(place);
  }
}

/** Of sockets that share an address, a worker has the one of its place. */
function isFor(key: string, place: number): boolean {
  const share = / #(\d+)$/.exec(key)?.[1];
  return share === undefined ? true : Number(share) === place;
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** What Node itself goes by. */
const KEPT = /^(TZ|NODE_.*|PATH|HOME|TMPDIR)$/;

/** Workers see what `env` names, or sets, and no other variables of the master's. */
export function environmentOf(env: readonly string[]): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (KEPT.test(name) || env.includes(name)) environment[name] = value;
  }
  for (const entry of env) {
    const at = entry.indexOf('=');
    if (at > 0) environment[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return environment;
}
