import type { Random } from '../core/random.ts';
import type { RecordData } from './wire/record-type.ts';

type Srv = RecordData['SRV'];

/**
 * The order in which targets are to be tried (RFC 2782): the lowest priority first; among equals
 * each next one is drawn with a chance in proportion to its weight, and one of weight 0 has a very
 * small chance while others are left.
 */
export function orderTargets<Target extends Pick<Srv, 'priority' | 'weight'>>(
  targets: readonly Target[],
  random: Random,
): Target[] {
  const ordered: Target[] = [];
  const sorted = [...targets].sort((a, b) => a.priority - b.priority);
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (sorted[to]?.priority === sorted[from]?.priority && to < sorted.length) to += 1;
    drawInto(ordered, sorted.slice(from, to), random);
    from = to;
  }
  return ordered;
}

function drawInto<Target extends Pick<Srv, 'weight'>>(
  ordered: Target[],
  equals: Target[],
  random: Random,
): void {
  // Where no weight decides, chance does, and not the order in which a server puts its records.
  shuffle(equals, random);
  // Those of weight 0 stand first, so that a draw of 0 finds them (RFC 2782, "Usage rules").
  equals.sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  let total = equals.reduce((sum, { weight }) => sum + weight, 0);
  while (equals.length > 0) {
    // 0 to the total, both included; weights are 16 bits, so that the bias is below 2^-10.
    let drawn = random.nextUint32() % (total + 1);
    let index = 0;
    for (; index < equals.length - 1; index += 1) {
      drawn -= (equals[index] as Target).weight;
      if (drawn <= 0) break;
    }
    const [target] = equals.splice(index, 1) as [Target];
    total -= target.weight;
    ordered.push(target);
  }
}

function shuffle<Item>(items: Item[], random: Random): void {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = random.nextUint32() % (last + 1);
    const item = items[last] as Item;
    items[last] = items[other] as Item;
    items[other] = item;
  }
}
