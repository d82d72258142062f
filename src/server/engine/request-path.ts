import type { MessageHead } from '../../http/message-head.ts';
import { originForm } from '../../http/request-target.ts';
import { normalizedPath } from './uri.ts';

/** What a request asks for: its path as locations see it, and what stands behind the `?`. */
export type RequestPath = {
  /** `undefined`: it cannot be meant. */
  readonly uri: string | undefined;
  /** As it was written. */
  readonly path: string;
  readonly args: string;
};

/** Takes a request's target apart; what stands behind a `#` is no part of it. */
export function requestPath(head: MessageHead, mergeSlashes: boolean): RequestPath {
  const target = originForm(head);
  const fragment = head.targetMarked ? target.indexOf('#') : -1;
  const shown = fragment < 0 ? target : target.slice(0, fragment);
  const query = shown.indexOf('?');
  const path = query < 0 ? shown : shown.slice(0, query);
  const args = query < 0 ? '' : shown.slice(query + 1);
  const isPlain = !head.targetMarked && !path.includes('//');
  const uri = isPlain ? path : normalizedPath(path, mergeSlashes);
  return { uri: uri?.startsWith('/') ? uri : undefined, path, args };
}
