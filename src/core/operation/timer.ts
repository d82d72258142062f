import type { OperationBase } from './operation-base.ts';

/** Ends as `done` at `atMs` or later, never earlier; a moment that is past means the next turn. */
export type TimerOperation = OperationBase & {
  readonly kind: 'timer';
  /** Absolute, in milliseconds on the port's monotonic clock. */
  atMs: number;
  /** It alone keeps no process alive. Not to be changed while it is pending. */
  background: boolean;
};
