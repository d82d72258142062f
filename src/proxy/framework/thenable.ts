import type { EventLoop } from '../../core/event-loop.ts';

/** Is it something to be waited for? */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * Runs what a promise has led to on a turn of the loop, whose time and flush it needs. A loop that
 * takes no more tasks is closed, or so busy that the order matters less than that it happens.
 */
export function onTurn(loop: EventLoop, task: () => void): void {
  if (!loop.post(task)) task();
}
