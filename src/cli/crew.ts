import type { ErrorLog } from '../server/index.ts';
import type { AdoptedSockets } from './adopted-sockets.ts';
import type { Listening } from './listening-sockets.ts';
import type { Program } from './program.ts';

/** Who does the work of one configuration: worker processes, or this process itself. */
export interface Crew {
  /** Resolves when all of them take connections. Rejects with `StartError`. */
  begin(): Promise<void>;
  /** Takes no more connections; resolves when those there are have ended. */
  quit(): Promise<void>;
  /** Ends everything now. */
  stop(): Promise<void>;
  /** Opens logs again. */
  reopen(): void;
}

/** What the crews of this process share. */
export type LocalParts = {
  readonly sockets: AdoptedSockets;
  readonly log: () => ErrorLog;
};

/** A configuration at work in the master's own process. Its number stands for a process. */
export class LocalCrew implements Crew {
  readonly program: Program;
  readonly #parts: LocalParts;
  readonly #listening: readonly Listening[];
  readonly #number: number;
  #isServing = false;
  #isEnding = false;

  constructor(
    program: Program,
    parts: LocalParts,
    listening: readonly Listening[],
    number: number,
  ) {
    this.program = program;
    this.#parts = parts;
    this.#listening = listening;
    this.#number = number;
  }

  async begin(): Promise<void> {
    const { sockets, log } = this.#parts;
    await sockets.add(this.#listening);
    if (this.#isEnding) return;
    log().write('notice', 'start worker processes');
    log().write('notice', `start worker process ${process.pid}`);
    this.program.serve(sockets);
    this.#isServing = true;
  }

  quit(): Promise<void> {
    if (this.#isServing) this.#parts.log().write('notice', 'gracefully shutting down');
    return this.#end(this.program.conf.main.workerShutdownTimeout);
  }

  stop(): Promise<void> {
    return this.#end(0);
  }

  reopen(): void {
    // The master has opened them: they are the same.
  }

  async #end(drainMs: number): Promise<void> {
    this.#isEnding = true;
    await this.program.close(drainMs);
    if (!this.#isServing) return;
    this.#isServing = false;
    const log = this.#parts.log();
    log.write('notice', 'exiting');
    log.write('notice', 'exit');
    log.write('notice', `worker process ${this.#number} exited with code 0`);
  }
}
