import { MessageHead } from '../../http/message-head.ts';
import type { ProxyError } from '../proxy-error.ts';
import type { SessionShared } from '../session-shared.ts';
import type { CompiledProxy, Handlers } from './compile.ts';
import { NOWHERE, SessionFace } from './session-face.ts';
import type { Targets } from './targets.ts';
import { contextOf, isThenable, settledOnce } from './thenable.ts';

/** What sessions with phases share; `replace()` changes the generation. */
export interface PhasedShared extends SessionShared {
  readonly generation: Generation;
  /** The proxy has ended what was in flight. */
  readonly isCut: boolean;
  /** Protocols that clients may switch to, in lower case. */
  readonly upgrades: ReadonlySet<string>;
  /** How long a handler of a phase may take; 0 is for ever. */
  readonly handlerMs: number;
  /** A handler has thrown, or given what makes no sense. */
  handlerThrew(error: unknown): void;
}

/** Promises of `logging` handlers that a close waits for; beyond it, what comes is not waited for. */
export const LOGGING_MAX = 4096;

/** What `logging` handlers are still busy with, of all generations of a proxy. */
export class LoggingPromises {
  readonly onError: (error: unknown) => void;
  #pending = 0;
  #then: (() => void) | undefined;

  /** `onError` is told of what handlers throw. */
  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
  }

  follow(answer: PromiseLike<unknown>): void {
    const isCounted = this.#pending < LOGGING_MAX;
    if (isCounted) this.#pending += 1;
    const done = (): void => {
      if (!isCounted) return;
      this.#pending -= 1;
      if (this.#pending === 0) this.#then?.();
    };
    settledOnce(answer).then(done, (error: unknown) => {
      this.onError(error);
      done();
    });
  }

  /** Calls `then` once nothing is pending. */
  whenDone(then: () => void): void {
    this.#then = then;
    if (this.#pending === 0) then();
  }
}

/**
 * One compiled definition at work. Sessions keep the one that they began with; when it has been
 * replaced and its last session has ended, its targets close.
 */
export class Generation {
  readonly proxy: CompiledProxy;
  readonly targets: Targets;
  readonly #logging: LoggingPromises;
  sessions = 0;
  #replaced = false;

  constructor(proxy: CompiledProxy, targets: Targets, logging: LoggingPromises) {
    this.proxy = proxy;
    this.targets = targets;
    this.#logging = logging;
  }

  /** Runs all `logging` handlers, even if one of them throws. */
  log(handlers: Handlers, face: SessionFace, error: ProxyError | undefined): void {
    if (handlers === undefined) return;
    for (const handler of handlers as readonly unknown[] as readonly LogHandler[]) {
      try {
        const answer = handler(face, error);
        if (!isThenable(answer)) continue;
        face.isKept = true;
        this.#logging.follow(answer);
      } catch (thrown) {
        this.#logging.onError(thrown);
      }
    }
  }

  /** Logs what was no request: nothing of it can be trusted but who sent it. */
  logRefused(address: string, error: ProxyError, nowMs: number): void {
    const { rest, contexts } = this.proxy;
    if (rest.phases.logging === undefined) return;
    const face = new SessionFace(NOWHERE, new MessageHead(), 'request', address, nowMs);
    face.doneMs = nowMs;
    face.sends(error.status, '');
    face.end(error);
    try {
      face.ctx = Object.assign({}, ...contexts.map((make) => contextOf(make(face))));
    } catch (thrown) {
      this.#logging.onError(thrown);
      return;
    }
    this.log(rest.phases.logging, face, error);
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

  #settle(): void {
    if (this.sessions === 0 && this.#replaced) this.targets.close();
  }
}

type LogHandler = (face: SessionFace, error: ProxyError | undefined) => unknown;
