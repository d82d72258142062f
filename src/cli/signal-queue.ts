const SIGNALS = [
  'SIGHUP',
  'SIGQUIT',
  'SIGTERM',
  'SIGINT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
] as const;

export type ProgramSignal = (typeof SIGNALS)[number];

/** Signals that may wait while the program starts; nobody sends more in good faith. */
export const WAITING_SIGNALS_MAX = 64;

/** Keeps signals that come before anybody can act on them: none ends the process by itself. */
export class SignalQueue {
  readonly #waiting: ProgramSignal[] = [];
  #handler: ((signal: ProgramSignal) => void) | undefined;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, () => this.#came(signal));
    process.on('SIGPIPE', () => {});
  }

  /** Hands on what has waited, and all that comes. */
  handle(handler: (signal: ProgramSignal) => void): void {
    this.#handler = handler;
    for (const signal of this.#waiting.splice(0)) handler(signal);
  }

  /** A start that is to be ended is ended at once: there is nothing to drain. */
  #came(signal: ProgramSignal): void {
    if (this.#handler !== undefined) this.#handler(signal);
    else if (signal === 'SIGTERM' || signal === 'SIGINT') process.exit(0);
    else if (this.#waiting.length < WAITING_SIGNALS_MAX) this.#waiting.push(signal);
  }
}
