import type { Location } from './location.ts';
import type { Request } from './request.ts';
import { AGAIN, type Handler, NEXT, PASS, TAKEN, type Verdict, WAIT } from './verdict.ts';

/** Where a request is on its way. */
export const PHASE = {
  postRead: 0,
  serverRewrite: 1,
  findLocation: 2,
  rewrite: 3,
  postRewrite: 4,
  preAccess: 5,
  access: 6,
  postAccess: 7,
  preContent: 8,
  content: 9,
} as const;

const NONE: readonly Handler[] = [];

/**
 * The phases of one request: handlers run in order until one takes the request over or waits.
 *
 *   postRead → serverRewrite → findLocation → rewrite → postRewrite → preAccess → access →
 *   postAccess → preContent → content
 *                  ↑ a changed URI          │
 *                  └────────────────────────┘
 */
export class Phases {
  phase = 0;
  #index = 0;
  readonly #request: Request;
  /** What an access handler has said where another one may still let the request in. */
  #accessStatus = 0;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Goes on in `phase`, from its first handler. */
  enter(phase: number): void {
    this.phase = phase;
    this.#index = 0;
    this.#accessStatus = 0;
  }

  /** Runs until somebody has the request. */
  run(): void {
    for (let verdict: Verdict = AGAIN; ; verdict = this.#step()) {
      if (verdict === WAIT || verdict === TAKEN) return;
      if (verdict !== AGAIN && this.#request.conclude(verdict) !== AGAIN) return;
    }
  }

  /** A handler that has waited says what became of it. */
  resume(verdict: Verdict): void {
    const next = this.#after(verdict);
    if (next === WAIT || next === TAKEN) return;
    if (next !== AGAIN && this.#request.conclude(next) !== AGAIN) return;
    this.run();
  }

  #step(): Verdict {
    const request = this.#request;
    switch (this.phase) {
      case PHASE.findLocation:
        return this.#found(request.findLocation());
      case PHASE.postRewrite:
        return this.#rewritten();
      case PHASE.postAccess:
        return this.#admitted();
      default: {
        const handler = this.#handlers()[this.#index];
        if (handler === undefined) return this.#phaseOver();
        return this.#after(handler(request));
      }
    }
  }

  #handlers(): readonly Handler[] {
    const { location, server, site } = this.#request;
    switch (this.phase) {
      case PHASE.postRead:
        return site.postRead;
      case PHASE.serverRewrite:
        return listOf(server.rewrite);
      case PHASE.rewrite:
        return listOf(location.rewrite);
      case PHASE.preAccess:
        return location.preAccess;
      case PHASE.access:
        return this.#request.internalOnly ? NONE : location.access;
      case PHASE.preContent:
        return location.preContent;
      default:
        return location.handler === undefined ? location.content : listOf(location.handler);
    }
  }

  /** What the current handler's verdict means for the phase. */
  #after(verdict: Verdict): Verdict {
    if (verdict === NEXT) {
      this.#index += 1;
      return AGAIN;
    }
    if (this.phase === PHASE.access) return this.#judged(verdict);
    if (verdict === PASS && this.phase < PHASE.content) return this.#phaseOver();
    return verdict;
  }

  /** With `satisfy any` one handler's word is enough, with `all` each of them must agree. */
  #judged(verdict: Verdict): Verdict {
    const any = this.#request.location.conf.satisfy === 'any';
    if (verdict === PASS) {
      if (any) {
        // What another handler has asked the client for is not needed.
        this.#request.out.remove('WWW-Authenticate');
        return this.#phaseOver();
      }
      this.#index += 1;
      return AGAIN;
    }
    if (!any || (verdict !== 403 && verdict !== 401)) return this.#refused(verdict);
    if (this.#accessStatus !== 401) this.#accessStatus = verdict;
    this.#index += 1;
    return AGAIN;
  }

  #admitted(): Verdict {
    const status = this.#accessStatus;
    this.enter(PHASE.preContent);
    return status === 0 ? AGAIN : this.#refused(status);
  }

  /** `auth_delay`: who tries passwords has to wait for each answer. */
  #refused(status: Verdict): Verdict {
    const { authDelay } = this.#request.location.conf;
    if (status !== 401 || authDelay === 0) return status;
    this.#request.log('info', 'delaying unauthorized request');
    this.#request.delay.start(authDelay, status);
    return WAIT;
  }

  #phaseOver(): Verdict {
    const accessStatus = this.phase === PHASE.access ? this.#accessStatus : 0;
    if (this.phase === PHASE.content) return this.#request.nothingFound();
    // One handler of `satisfy any` has let the request in: what others said is forgotten.
    const isAdmitted = this.phase === PHASE.access && this.#index < this.#handlers().length;
    this.enter(this.phase + 1);
    this.#accessStatus = isAdmitted ? 0 : accessStatus;
    return AGAIN;
  }

  #found(verdict: Verdict): Verdict {
    if (verdict !== PASS) return verdict;
    this.enter(PHASE.rewrite);
    return AGAIN;
  }

  /** A URI that was changed belongs to another location. */
  #rewritten(): Verdict {
    const request = this.#request;
    if (!request.uriChanged) {
      this.enter(PHASE.preAccess);
      return AGAIN;
    }
    request.uriChanged = false;
    if (!request.countChange()) return 500;
    this.enter(PHASE.findLocation);
    return AGAIN;
  }
}

// One array for the handlers that stand alone: the loop looks at it before the next one is asked.
const alone: Handler[] = [];

function listOf(handler: Handler | undefined): readonly Handler[] {
  if (handler === undefined) return NONE;
  alone[0] = handler;
  return alone;
}

/** The location of `limit_except` that holds for other methods, or the location itself. */
export function locationFor(location: Location, method: string): Location {
  const { limited } = location;
  return limited === undefined || limited.methods.has(method) ? location : limited.location;
}
