import type { ServerConnection } from '../../../http/server-connection.ts';
import { isThenable, settledOnce } from '../../../proxy/framework/thenable.ts';
import type { Request } from '../../engine/request.ts';
import type { HeaderFilter, Logger } from '../../engine/verdict.ts';
import { OutgoingHead } from './outgoing-head.ts';
import { type PhaseRun, runFor } from './phase-run.ts';
import type { LocationPlugin } from './plugin-of.ts';
import { broke } from './request-phases.ts';

type Filter = (face: PhaseRun['face'], head: OutgoingHead) => unknown;
type Log = (face: PhaseRun['face'], error: undefined) => unknown;

/** On the way back, the last plugin is asked first. */
export function responsePhase(plugins: readonly LocationPlugin[]): HeaderFilter | undefined {
  const filters = plugins
    .flatMap(({ phases }) => {
      const filter = phases.responseFilter;
      return filter === undefined ? [] : [filter.bind(phases) as Filter];
    })
    .reverse();
  if (filters.length === 0) return undefined;
  return (request) => {
    let run: PhaseRun | undefined;
    try {
      run = runFor(request, plugins);
      if (run.failed) return;
      const head = new OutgoingHead(request.out);
      for (const filter of filters) {
        const answer = filter(run.face, head);
        if (isThenable(answer)) throw asynchronous(answer);
      }
    } catch (error) {
      if (run !== undefined) run.failed = true;
      const status = broke(request, 'responseFilter', error);
      if (run !== undefined) request.instead = status;
    }
  };
}

/** A head that is about to be written does not wait. */
function asynchronous(answer: PromiseLike<unknown>): TypeError {
  settledOnce(answer).catch(() => {});
  return new TypeError('a responseFilter must not be asynchronous in a location');
}

/** Runs last, once; whatever it does, the request is over. */
export function loggingPhase(plugins: readonly LocationPlugin[]): Logger | undefined {
  const logs = plugins
    .flatMap(({ phases }) => {
      const log = phases.logging;
      return log === undefined ? [] : [log.bind(phases) as Log];
    })
    .reverse();
  if (logs.length === 0) return undefined;
  return (request) => {
    try {
      const { face } = runFor(request, plugins);
      face.doneMs = request.site.port.loop.turnMs;
      face.sends(request.status, headOf(request));
      face.toClient = request.headBytes + request.bodyBytes;
      face.fromClient = request.requestBytes;
      face.end(request.error);
      for (const log of logs) {
        const answer = log(face, undefined);
        if (!isThenable(answer)) continue;
        face.isKept = true;
        settledOnce(answer).catch((error: unknown) => complain(request, error));
      }
      face.leave((request.client as ServerConnection).head);
    } catch (error) {
      broke(request, 'logging', error);
    }
  };
}

/** The request is over by then: only the site's own log is left. */
function complain({ site, location }: Request, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  site.environment
    .errorLog(location.conf.errorLogs)
    .write('error', `logging of phase_module failed: ${why}`);
}

function headOf({ out }: Request): string {
  const type = out.contentType === '' ? '' : `Content-Type: ${out.contentType}\r\n`;
  return `HTTP/1.1 ${out.status} \r\n${type}${out.lines.join('')}\r\n`;
}
