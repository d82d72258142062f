import type { MessageHead } from '../http/message-head.ts';

/** Not repeated once bytes were sent: nginx's list. */
const NOT_IDEMPOTENT = /^(?:POST|LOCK|PATCH)$/;

/** May a request with this method be repeated once bytes of it were sent? */
export function isIdempotent(method: string): boolean {
  return !NOT_IDEMPOTENT.test(method);
}

/** Does the request ask for a head alone? Its method is made into a string only where it may be. */
export function isHead(head: MessageHead): boolean {
  return head.methodEnd === 4 && head.method === 'HEAD';
}
