import type { TimerOperation } from '../../core/operation.ts';
import { timerOperation } from '../../core/operations.ts';
import type { Request } from './request.ts';
import type { Verdict } from './verdict.ts';

/** A request that waits: one timer, made when the first one is needed, and used again. */
export class RequestDelay {
  readonly #request: Request;
  #timer: TimerOperation | undefined;
  #use = 0;
  #verdict: Verdict = 0;

  constructor(request: Request) {
    this.#request = request;
  }

  /** For a handler that then waits: after `ms` it has said `verdict`; a status ends the request. */
  start(ms: number, verdict: Verdict): void {
    const { port } = this.#request.site;
    this.#verdict = verdict;
    this.#use = this.#request.use;
    this.#timer ??= timerOperation((timer) => this.#over(timer));
    this.#timer.atMs = port.loop.nowMs() + ms;
    port.submit(this.#timer);
  }

  get isWaiting(): boolean {
    return this.#timer?.status === 'pending';
  }

  /** The request is over. */
  cancel(): void {
    if (this.#timer === undefined || !this.isWaiting) return;
    this.#request.site.port.cancel(this.#timer);
    // It completes later: the next request of this object has one of its own.
    this.#timer = undefined;
  }

  #over(timer: TimerOperation): void {
    const request = this.#request;
    if (timer !== this.#timer || timer.status !== 'done') return;
    if (this.#use !== request.use || request.client === undefined) return;
    if (this.#verdict >= 200) request.concludeLater(this.#verdict);
    else request.resume(this.#use, this.#verdict);
  }
}
