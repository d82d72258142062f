import type { ReplyHeaders } from './messages.ts';

type Field = readonly [name: string, value: string];

/** The fields of a reply one by one, whatever form they were given in. */
export function* fieldsOf(headers: ReplyHeaders): Iterable<Field> {
  if (typeof (headers as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function') {
    yield* headers as Iterable<Field>;
    return;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!Array.isArray(value)) yield [name, value as string];
    else for (const one of value as readonly string[]) yield [name, one];
  }
}
