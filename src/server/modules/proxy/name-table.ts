import type { MessageHead } from '../../../http/message-head.ts';

/** Names of fields, and what they stand for: found without making a string of what was received. */
export class NameTable<Value> {
  readonly #byLength: (readonly { readonly name: string; readonly value: Value }[] | undefined)[] =
    [];

  /** Names in any case. */
  constructor(entries: Iterable<readonly [string, Value]>) {
    for (const [name, value] of new Map([...entries].map(([key, one]) => [key.toLowerCase(), one])))
      this.#byLength[name.length] = [...(this.#byLength[name.length] ?? []), { name, value }];
  }

  /** What the field's name stands for. */
  find(head: MessageHead, index: number): Value | undefined {
    const candidates = this.#byLength[head.nameLength(index)];
    if (candidates === undefined) return undefined;
    for (let i = 0; i < candidates.length; i += 1) {
      const one = candidates[i] as { readonly name: string; readonly value: Value };
      if (head.isNamed(index, one.name)) return one.value;
    }
    return undefined;
  }
}
