import type { EventLoop } from '../../core/event-loop.ts';

/** Is it something to be waited for? */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * A promise for a thenable, which may be anybody's: this one settles once, however often that one
 * calls back, and what its `then` throws is a rejection. A promise is given back as it is.
 */
export function settledOnce(thenable: PromiseLike<unknown>): Promise<unknown> {
  return thenable instanceof Promise ? thenable : Promise.resolve(thenable);
}

/** What a plugin has made for an exchange; a promise would come too late, and is refused. */
export function contextOf(made: object): object {
  if (!isThenable(made)) return made;
  settledOnce(made).catch(() => {}); // What becomes of it is not what was wrong.
  throw new TypeError('context() gave a promise: what takes time belongs into earlyRequest');
}

/**
 * Runs what a promise has led to on a turn of the loop, whose time and flush it needs. A loop that
 * takes no more tasks is closed, or so busy that the order matters less than that it happens.
 */
export function onTurn(loop: EventLoop, task: () => void): void {
  if (!loop.post(task)) task();
}
