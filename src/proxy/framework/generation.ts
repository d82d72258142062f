import type { ProxyError } from '../proxy-error.ts';
import type { SessionShared } from '../session-shared.ts';
import { isThenable } from './body-pipe.ts';
import type { CompiledProxy, Handlers } from './compile.ts';
import type { SessionFace } from './session-face.ts';
import type { Targets } from './targets.ts';

/** What sessions with phases share; `replace()` changes the generation. */
export interface PhasedShared extends SessionShared {
  readonly generation: Generation;
}

/** Promises of `logging` handlers that a close waits for; beyond it, what comes is not waited for. */
const LOGGING_MAX = 4096;

/**
 * One compiled definition at work. Sessions keep the one that they began with; when it has been
 * replaced and its last session has ended, its targets close.
 */
export class Generation {
  readonly proxy: CompiledProxy;
  readonly targets: Targets;
  readonly #onError: (error: unknown) => void;
  sessions = 0;
  #logging = 0;
  #replaced = false;
  #idle: (() => void) | undefined;

  constructor(proxy: CompiledProxy, targets: Targets, onError: (error: unknown) => void) {
    this.proxy = proxy;
    this.targets = targets;
    this.#onError = onError;
  }

  /** Runs all `logging` handlers, even if one of them throws. */
  log(handlers: Handlers, face: SessionFace, error: ProxyError | undefined): void {
    if (handlers === undefined) return;
    for (const handler of handlers as readonly unknown[] as readonly LogHandler[]) {
      try {
        const answer = handler(face, error);
        if (isThenable(answer)) this.#follow(answer);
      } catch (thrown) {
        this.#onError(thrown);
      }
    }
  }

  /** A session has ended. */
  ended(): void {
    this.sessions -= 1;
    this.#settle();
  }

  /** Another one has taken its place: it ends with its last session. */
  retire(): void {
    this.#replaced = true;
    this.#settle();
  }

  /** Calls back when nothing of it is left to be logged. */
  whenLogged(then: () => void): void {
    this.#idle = then;
    this.#settle();
  }

  #follow(answer: PromiseLike<unknown>): void {
    if (this.#logging === LOGGING_MAX) return;
    this.#logging += 1;
    const done = (): void => {
      this.#logging -= 1;
      this.#settle();
    };
    answer.then(done, (error: unknown) => {
      this.#onError(error);
      done();
    });
  }

  #settle(): void {
    if (this.sessions > 0) return;
    if (this.#replaced) this.targets.close();
    if (this.#logging > 0) return;
    this.#idle?.();
    this.#idle = undefined;
  }
}

type LogHandler = (face: SessionFace, error: ProxyError | undefined) => unknown;
