import { HOST } from '../../http/field-names.ts';
import type { MessageHead } from '../../http/message-head.ts';

const AUTHORITY = /^https?:\/\/([^/?#]*)/i;

/** Whom the client has asked, with the port if it gave one: the target's host wins over the field. */
export function hostField(head: MessageHead): string {
  const { target } = head;
  const absolute = target.startsWith('/') ? null : AUTHORITY.exec(target);
  return absolute?.[1] ?? head.valueOf(HOST) ?? '';
}
