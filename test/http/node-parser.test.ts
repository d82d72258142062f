import test, { type ExecutionContext } from 'ava';
import { compare, type Difference } from './compare-parsers.ts';
import { cured, LISTED, type Listed } from './listed-differences.ts';
import { type Kind, visible } from './message-log.ts';
import { Mutations } from './mutations.ts';
import { NodeParser, whyNoNodeParser } from './node-parser.ts';

const IS_LONG = process.env.SLUICE_LONG === '1';
/** Inputs for requests, for responses and for answers to HEAD. */
const INPUTS = IS_LONG ? [600_000, 300_000, 100_000] : [20_000, 10_000, 4_000];
/** Causes that one input may have at once. */
const CURES_MAX = 20;
const LONG_MS = 600_000;

const KINDS = [
  ['request', 'http-request.md'],
  ['response', 'http-response.md'],
  ['answer to HEAD', 'http-response.md'],
] as const;

for (const [index, [kind, file]] of KINDS.entries()) {
  const title = `whatever is accepted as ${kind}, Node reads as the same messages`;
  if (whyNoNodeParser === undefined) test(title, (t) => compareAll(t, kind, file, index));
  else test.skip(`${title}: ${whyNoNodeParser}`, () => {});
}

function compareAll(t: ExecutionContext, kind: Kind, file: string, index: number): void {
  t.timeout(IS_LONG ? LONG_MS : 60_000);
  const inputs = INPUTS[index] as number;
  const mutations = new Mutations(file);
  const node = new NodeParser(kind);
  const times = new Map<Listed, number>();
  let accepted = 0;
  let messages = 0;
  for (let seed = 0; seed < inputs; seed += 1) {
    let wire = mutations.wire(seed);
    let compared = compare(kind, wire, node);
    accepted += compared.accepted > 0 ? 1 : 0;
    messages += compared.accepted;
    for (let cures = 0; compared.difference !== undefined; cures += 1) {
      const { difference } = compared;
      const listed = cures < CURES_MAX ? listedOf(difference, kind) : undefined;
      if (listed === undefined) {
        t.fail(`input ${seed}: ${described(difference)}`);
        return;
      }
      times.set(listed, (times.get(listed) ?? 0) + 1);
      wire = Buffer.from(cured(listed, difference), 'latin1');
      compared = compare(kind, wire, node);
    }
  }
  const share = Math.round((100 * accepted) / inputs);
  t.log(`${inputs} inputs, ${accepted} (${share} %) accepted, ${messages} messages compared`);
  for (const [{ title }, count] of times) t.log(`${count} times: ${title}`);
  t.true(accepted > inputs / 10, `only ${accepted} inputs were accepted`);
}

function listedOf(difference: Difference, kind: Kind): Listed | undefined {
  const message = difference.input.slice(difference.at);
  return LISTED.find((listed) => listed.applies(difference, message, kind));
}

function described({ what, ours, theirs, input, at }: Difference): string {
  return `${what}: ours ${visible(ours)}, Node’s ${visible(theirs)}, at ${at} of ${visible(input)}`;
}
