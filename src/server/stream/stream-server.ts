import type { StreamServerConf } from '../conf/stream-conf.ts';
import type { StreamSession } from './stream-session.ts';

/** Looks at a session on its way: 0 lets it pass, a status ends it. */
export type StreamHandler = (session: StreamSession) => number;

/** What a session may end with: nginx's numbers. */
export const STREAM_STATUS = {
  ok: 200,
  badRequest: 400,
  forbidden: 403,
  internalError: 500,
  badGateway: 502,
  unavailable: 503,
} as const;

/** A server of `stream` as it runs: handlers by phase, in this order, then the content. */
export class StreamServer {
  readonly conf: StreamServerConf;
  readonly postAccept: StreamHandler[] = [];
  readonly preAccess: StreamHandler[] = [];
  readonly access: StreamHandler[] = [];
  /** Takes the session over. */
  content: ((session: StreamSession) => void) | undefined;
  /** Run at the end of every session. */
  readonly loggers: ((session: StreamSession) => void)[] = [];

  constructor(conf: StreamServerConf) {
    this.conf = conf;
  }

  /** The status that a handler ends the session with; 0: none does. */
  admit(session: StreamSession): number {
    return (
      runAll(this.postAccept, session) ||
      runAll(this.preAccess, session) ||
      runAll(this.access, session)
    );
  }
}

function runAll(handlers: readonly StreamHandler[], session: StreamSession): number {
  for (let i = 0; i < handlers.length; i += 1) {
    const status = (handlers[i] as StreamHandler)(session);
    if (status !== 0) return status;
  }
  return 0;
}
