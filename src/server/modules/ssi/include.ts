import type { Request } from '../../engine/request.ts';
import { CapturedBody, startSubrequest } from '../../engine/subrequest.ts';
import { splitUri } from '../../engine/unsafe-uri.ts';
import type { Parameters } from './commands.ts';
import type { SsiFilter } from './filter.ts';
import { sharedOf } from './shared.ts';
import { evaluated, SsiError } from './values.ts';

/** `include`: the answer to another request stands here. */
export function include(filter: SsiFilter, parameters: Parameters): void {
  const { virtual, file, wait, set, stub } = parameters;
  const written = virtual ?? file;
  if (virtual !== undefined && file !== undefined) {
    throw new SsiError(`inclusion may be either virtual="${virtual}" or file="${file}"`);
  }
  if (written === undefined) throw new SsiError('no parameter in "include" SSI command');
  if (set !== undefined && stub !== undefined) {
    throw new SsiError('"set" and "stub" cannot be used together in "include" SSI command');
  }
  const waits = file !== undefined || isWaited(wait, virtual);
  const uri = targetOf(filter, written);
  if (set !== undefined) {
    keepAnswer(filter, uri, set);
    return;
  }
  const kept = stub === undefined ? undefined : sharedOf(filter.request).blocks.get(stub);
  if (stub !== undefined && kept === undefined) {
    throw new SsiError(`"stub"="${stub}" for "include" not found`);
  }
  let isOver = false;
  const ended = (): void => {
    isOver = true;
    if (waits) filter.resume();
  };
  const options = { ...uri, ended, ...(kept === undefined ? {} : { stub: kept }) };
  const subrequest = filter.order.include(options);
  if (subrequest === undefined) throw new SsiError(`subrequest "${uri.uri}" was refused`);
  if (waits && !isOver) filter.wait();
}

function isWaited(wait: string | undefined, virtual: string | undefined): boolean {
  if (wait === undefined) return false;
  if (virtual === undefined) throw new SsiError('"wait" cannot be used with file');
  if (/^no$/i.test(wait)) return false;
  if (/^yes$/i.test(wait)) return true;
  throw new SsiError(`invalid value "${wait}" in the "wait" parameter`);
}

/** A path that does not begin with a slash is beside the page. */
function targetOf(filter: SsiFilter, written: string): { uri: string; args: string } {
  const { request } = filter;
  const text = evaluated(request, written);
  const beside = request.uri.slice(0, request.uri.lastIndexOf('/') + 1);
  const target = splitUri(text.startsWith('/') ? text : beside + text);
  if (target === undefined) throw new SsiError(`unsafe URI "${text}" was detected`);
  return target;
}

/** The answer becomes a variable. */
function keepAnswer(filter: SsiFilter, uri: { uri: string; args: string }, name: string): void {
  const { request } = filter;
  const captured = new CapturedBody();
  const { variables } = sharedOf(request);
  const key = name.toLowerCase();
  if (!variables.has(key)) variables.set(key, '');
  let isOver = false;
  const ended = (over: Request): void => {
    isOver = true;
    if (captured.isTooLarge) {
      // What the page is to say is not known.
      over.log('error', 'too big subrequest response');
      (request.subrequests?.main ?? request).cut();
      return;
    }
    if (over.status < 300) variables.set(key, captured.text);
    filter.resume();
  };
  const subrequest = startSubrequest(request, { ...uri, tail: captured, ended }, (made) => {
    captured.request = made;
  });
  if (subrequest === undefined) throw new SsiError(`subrequest "${uri.uri}" was refused`);
  if (!isOver) filter.wait();
}
