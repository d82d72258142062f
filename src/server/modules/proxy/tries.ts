/** One attempt at a server, for logs and variables. Times in milliseconds, -1 for what never was. */
export class Try {
  /** Its address, or the name of the group where no server was left; '' parts two locations' tries. */
  peer = '';
  /** What it has answered, or what its failure is worth; 0 for nothing. */
  status = 0;
  startedMs = 0;
  connectMs = -1;
  headerMs = -1;
  responseMs = -1;
  /** Bytes of the body as they came, framing included. */
  length = 0;
  received = 0;
  sent = 0;

  reset(peer: string, nowMs: number): void {
    this.peer = peer;
    this.status = 0;
    this.startedMs = nowMs;
    this.connectMs = -1;
    this.headerMs = -1;
    this.responseMs = -1;
    this.length = 0;
    this.received = 0;
    this.sent = 0;
  }
}

/** Attempts that are remembered; what comes after that many takes the place of the last one. */
export const TRIES_MAX = 1024;

/** All attempts of a request, over all locations it went through. Used again for the next one. */
export class Tries {
  readonly #all: Try[] = [];
  count = 0;

  get last(): Try {
    return this.#all[this.count - 1] as Try;
  }

  /** Another attempt begins. */
  begin(peer: string, nowMs: number): void {
    if (this.count === this.#all.length && this.count < TRIES_MAX) this.#all.push(new Try());
    if (this.count < TRIES_MAX) this.count += 1;
    this.last.reset(peer, nowMs);
  }

  /** What follows is another location's. */
  part(): void {
    if (this.count > 0) this.begin('', 0);
  }

  /** `textOf` of each attempt, as nginx lists them; `undefined` where there was none. */
  list(textOf: (one: Try) => string): string | undefined {
    if (this.count === 0) return undefined;
    let text = '';
    for (let i = 0; i < this.count; i += 1) {
      const one = this.#all[i] as Try;
      if (one.peer === '') {
        text += ' : ';
        continue;
      }
      if (i > 0 && (this.#all[i - 1] as Try).peer !== '') text += ', ';
      text += textOf(one);
    }
    return text;
  }
}
