import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Listening } from './listening-sockets.ts';
import type { GivenSocket, GivenZone, MasterMessage, WorkerOrder } from './worker-messages.ts';

const FILE = fileURLToPath(new URL('./worker.js', import.meta.url));
/** Standard streams and the channel to the master come first. */
const FIRST_DESCRIPTOR = 4;
/** Longest from the order to stop until a worker is killed. */
const STOP_MS = 1_000;

/** How a worker ended. */
export type WorkerEnd = { readonly status: number | null; readonly signal: string | null };

/** What a worker is given with its order. */
type Given = {
  readonly listening: readonly Listening[];
  /** The descriptors are the master's. */
  readonly zones: readonly GivenZone[];
  readonly slot: number;
};

/** One worker, seen from its master. */
export class WorkerProcess {
  readonly pid: number;
  readonly startedMs: number = performance.now();
  /** `false`: it ended before it took connections. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<WorkerEnd>;
  /** It was told to end. */
  leaving = false;
  readonly #child: ChildProcess;

  constructor(
    order: Omit<WorkerOrder, 'sockets' | 'zones' | 'slot'>,
    { listening, zones, slot }: Given,
    environment: NodeJS.ProcessEnv,
  ) {
    const descriptors = [...listening, ...zones].map(({ descriptor }) => descriptor);
    const child = spawn(process.execPath, [...process.execArgv, FILE], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...descriptors],
      env: environment,
    });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.ended = new Promise((resolve) => {
      child.once('exit', (status, signal) => resolve({ status, signal }));
      child.once('error', () => resolve({ status: -1, signal: null }));
    });
    this.ready = new Promise((resolve) => {
      child.once('message', () => resolve(true));
      void this.ended.then(() => resolve(false));
    });
    const firstZone = FIRST_DESCRIPTOR + listening.length;
    this.#send({
      ...order,
      sockets: listening.map(givenSocket),
      zones: zones.map((zone, index) => ({ ...zone, descriptor: firstZone + index })),
      slot,
    });
  }

  reopen(): void {
    this.#send({ kind: 'reopen' });
  }

  quit(): void {
    this.leaving = true;
    this.#send({ kind: 'quit' });
  }

  stop(): void {
    this.leaving = true;
    this.#send({ kind: 'stop' });
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    void this.ended.then(() => clearTimeout(kill));
  }

  /** One that is gone hears nothing; its end says so. */
  #send(message: MasterMessage): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}

function givenSocket({ key, udp, endpoint }: Listening, index: number): GivenSocket {
  // Sockets that share an address are one for each worker: here it is the only one.
  return { key: key.replace(/ #\d+$/, ''), udp, endpoint, descriptor: FIRST_DESCRIPTOR + index };
}
