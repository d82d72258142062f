import type { MessageHead } from '../../http/message-head.ts';

/** Values of all fields of this name, which is in lower case, in their order. */
export function valuesOf(head: MessageHead, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (head.fieldName(index).toLowerCase() === name) values.push(head.fieldValue(index));
  }
  return values;
}
