import type { Request } from '../../engine/request.ts';

/** Variables and blocks that commands of one request make; more are refused. */
export const NAMES_MAX: number = 1000;

/** What the pages of a request and of its subrequests share. */
export class SsiShared {
  readonly use: number;
  readonly variables: Map<string, string> = new Map<string, string>();
  readonly blocks: Map<string, string> = new Map<string, string>();
  /** Of the last regular expression that matched. */
  captures: readonly (string | undefined)[] = [];

  constructor(use: number) {
    this.use = use;
  }
}

const known = new WeakMap<Request, SsiShared>();

export function sharedOf(request: Request): SsiShared {
  const main = request.subrequests?.main ?? request;
  let shared = known.get(main);
  if (shared === undefined || shared.use !== main.use) {
    shared = new SsiShared(main.use);
    known.set(main, shared);
  }
  return shared;
}
