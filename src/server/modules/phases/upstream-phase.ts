import { FieldEdits } from '../../../http/field-edits.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import { isThenable, onTurn, settledOnce } from '../../../proxy/framework/thenable.ts';
import type { Location } from '../../engine/location.ts';
import type { Request } from '../../engine/request.ts';
import { type PhaseRun, runFor } from './phase-run.ts';
import type { LocationPlugin } from './plugin-of.ts';
import { broke } from './request-phases.ts';
import { UpstreamHead } from './upstream-head.ts';

type Filter = (face: PhaseRun['face'], up: UpstreamHead) => unknown;

/** Changes heads on their way up; tells with what to go on, which may take time. */
export type UpstreamPhase = (
  request: Request,
  text: string,
  then: (head: { readonly text: string; readonly method: string }) => void,
) => void;

const KEY = Symbol('plugins');

/** For modules that come later: the plugins of a location. */
export function keepPlugins(location: Location, plugins: readonly LocationPlugin[]): void {
  location.parts.set(KEY, plugins);
}

/** `undefined`: heads of this location go up as they are. */
export function upstreamPhase(location: Location): UpstreamPhase | undefined {
  const plugins = location.parts.get(KEY) as readonly LocationPlugin[] | undefined;
  if (plugins === undefined) return undefined;
  const filters = plugins.flatMap(({ phases }) => {
    const filter = phases.upstreamRequestFilter;
    return filter === undefined ? [] : [filter.bind(phases) as Filter];
  });
  return (request, text, then) => {
    const up = new UpstreamHead(text);
    try {
      const run = runFor(request, plugins);
      copyEdits(request, run, up);
      goOn(request, run, filters, 0, up, () => then(up));
    } catch (error) {
      request.concludeLater(broke(request, 'upstreamRequestFilter', error));
    }
  };
}

function goOn(
  request: Request,
  run: PhaseRun,
  filters: readonly Filter[],
  from: number,
  up: UpstreamHead,
  then: () => void,
): void {
  for (let i = from; i < filters.length; i += 1) {
    const answer = (filters[i] as Filter)(run.face, up);
    if (!isThenable(answer)) continue;
    const { use } = request;
    const { loop } = request.site.port;
    const later = (next: () => void): void => {
      onTurn(loop, () => {
        if (request.use !== use || request.client === undefined) return;
        try {
          next();
        } catch (error) {
          request.concludeLater(broke(request, 'upstreamRequestFilter', error));
        }
      });
    };
    const failed = (error: unknown): void =>
      later(() => {
        throw error;
      });
    settledOnce(answer).then(
      () => later(() => goOn(request, run, filters, i + 1, up, then)),
      failed,
    );
    (request.client as ServerConnection).watchRequest();
    return;
  }
  then();
}

/** What was set or removed in the request's own fields, too, goes up. */
function copyEdits(request: Request, { face }: PhaseRun, up: UpstreamHead): void {
  const headers = face.seenRequest?.headers;
  if (headers?.changed !== true) return;
  const received = new FieldEdits((request.client as ServerConnection).head);
  const names = new Map([...received, ...headers].map(([name]) => [name.toLowerCase(), name]));
  for (const name of names.values()) {
    const before = received.getAll(name);
    const after = headers.getAll(name);
    if (before.length === after.length && before.every((value, at) => value === after[at]))
      continue;
    up.headers.delete(name);
    for (const value of after) up.headers.append(name, value);
  }
}
