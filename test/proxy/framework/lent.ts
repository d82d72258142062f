import { BufferPool } from '../../../src/core/buffer-pool.ts';
import { ParserPool } from '../../../src/http/parser-pool.ts';
import { ActivityPool } from '../../../src/http/server-activity.ts';

type Pool = { take(...parts: never[]): unknown; give(...parts: never[]): unknown };

const lent: Record<string, number> = {};

/** What all pools of this process have lent, as text; empty when it is nothing. */
export function lentByPools(): string {
  const left = Object.entries(lent).filter(([, count]) => count !== 0);
  return left.map(([name, count]) => `${count} ${name}`).join(', ');
}

/** Every pool of a kind counts: those inside of a proxy are out of a test's reach. */
function count(name: string, { prototype }: { readonly prototype: Pool }): void {
  const { take, give } = prototype;
  lent[name] = 0;
  prototype.take = function (this: Pool, ...parts: never[]) {
    lent[name] = (lent[name] as number) + 1;
    return take.apply(this, parts);
  };
  prototype.give = function (this: Pool, ...parts: never[]) {
    lent[name] = (lent[name] as number) - 1;
    return give.apply(this, parts);
  };
}

count('buffers', BufferPool);
count('parsers', ParserPool);
count('activities', ActivityPool);
