import { Buffer } from 'node:buffer';
import type { Reply } from '../../../proxy/framework/messages.ts';
import { fieldsOf } from '../../../proxy/framework/reply-fields.ts';
import { isThenable, onTurn, settledOnce } from '../../../proxy/framework/thenable.ts';
import type { Request } from '../../engine/request.ts';
import { type Handler, NEXT, TAKEN, type Verdict, WAIT } from '../../engine/verdict.ts';
import { checkField } from './checked-field.ts';
import { applyChanges, type PhaseRun, runFor } from './phase-run.ts';
import type { LocationPlugin } from './plugin-of.ts';

type Asked = (face: PhaseRun['face']) => unknown;

/** The handler of a location for one phase of its plugins; `undefined`: none of them has it. */
export function requestPhase(
  plugins: readonly LocationPlugin[],
  phase: 'earlyRequest' | 'requestFilter',
): Handler | undefined {
  const asked = plugins.flatMap(({ phases }) => {
    const handler = phases[phase];
    return handler === undefined ? [] : [handler.bind(phases) as Asked];
  });
  if (asked.length === 0) return undefined;
  return (request) => {
    try {
      return goOn(request, runFor(request, plugins), asked, 0);
    } catch (error) {
      return broke(request, phase, error);
    }
  };
}

function goOn(request: Request, run: PhaseRun, asked: readonly Asked[], from: number): Verdict {
  for (let i = from; i < asked.length; i += 1) {
    const answer = (asked[i] as Asked)(run.face);
    if (isThenable(answer)) {
      wait(request, answer, (value) => {
        if (value !== undefined) return send(request, run, value as Reply);
        return goOn(request, run, asked, i + 1);
      });
      return WAIT;
    }
    if (answer !== undefined) return send(request, run, answer as Reply);
  }
  applyChanges(request, run);
  return NEXT;
}

/** The request may be over when the promise is settled. */
function wait(
  request: Request,
  answer: PromiseLike<unknown>,
  then: (value: unknown) => Verdict,
): void {
  const { use } = request;
  const { loop } = request.site.port;
  const resume = (next: () => Verdict): void => {
    onTurn(loop, () => {
      if (request.use !== use || request.client === undefined) return;
      let verdict: Verdict;
      try {
        verdict = next();
      } catch (error) {
        verdict = broke(request, 'requestFilter', error);
      }
      request.resume(use, verdict);
    });
  };
  settledOnce(answer).then(
    (value) => resume(() => then(value)),
    (error: unknown) => resume(() => broke(request, 'requestFilter', error)),
  );
}

/** A mistake of a handler is the server's: it says so in the log, and to the client as 500. */
export function broke(request: Request, phase: string, error: unknown): Verdict {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  request.log('error', `${phase} of phase_module failed: ${why.replace(/\s*\n\s*/g, ' | ')}`);
  return 500;
}

function send(request: Request, run: PhaseRun, reply: Reply): Verdict {
  const { status, headers = {}, body = '' } = reply;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`${status} is no status of a reply`);
  }
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new TypeError('the body of a reply is a string or a Uint8Array in a location');
  }
  applyChanges(request, run);
  const { out } = request;
  out.status = status;
  out.contentType = typeof body === 'string' && body !== '' ? 'text/plain; charset=utf-8' : '';
  for (const [name, value] of fieldsOf(headers)) {
    checkField(name, value);
    const lower = name.toLowerCase();
    if (lower === 'content-type') out.contentType = value;
    else if (lower === 'location') out.location = value;
    else out.add(name, value);
  }
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : Buffer.from(body);
  out.contentLength = status === 204 || status === 304 ? -1 : bytes.length;
  if (!request.writeHead()) return TAKEN;
  request.writeBytes(bytes);
  request.end();
  return TAKEN;
}
