import test from 'ava';
import fc from 'fast-check';
import { type Kind, logOf, visible } from './message-log.ts';
import { Mutations } from './mutations.ts';

type Message = { readonly wire: string; readonly log: readonly string[] };

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,11}$/).map((name) => `X-${name}`);
const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[ -~\t\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
const space = fc.constantFrom('', ' ', '\t', ' \t ');
const field = fc.record({ name: token, before: space, value, after: space });
const fields = fc.array(field, { maxLength: 40 });
const bytes = fc.string({
  unit: fc.nat(255).map((code) => String.fromCharCode(code)),
  maxLength: 80,
});
const extension = fc.constantFrom('', ';a', ';a=b', ';a="\\";"', '; a = "b"');
const chunk = fc.record({ data: bytes, extension, zeros: fc.nat(3), upper: fc.boolean() });

const body = fc.oneof(
  fc.constant({ field: '', framing: 'none', wire: '', text: '' }),
  bytes.map((text) => ({
    field: `Content-Length: ${text.length}`,
    framing: `length ${text.length}`,
    wire: text,
    text,
  })),
  fc.tuple(fc.array(chunk, { maxLength: 6 }), fields).map(([chunks, trailers]) => ({
    field: 'Transfer-Encoding: chunked',
    framing: 'chunked',
    wire: [...chunks.filter(({ data }) => data !== '').map(chunkWire), '0\r\n']
      .join('')
      .concat(trailers.map(fieldWire).join(''), '\r\n'),
    text: chunks.map(({ data }) => data).join(''),
  })),
);

function chunkWire(from: {
  data: string;
  extension: string;
  zeros: number;
  upper: boolean;
}): string {
  const size = '0'.repeat(from.zeros) + from.data.length.toString(16);
  return `${from.upper ? size.toUpperCase() : size}${from.extension}\r\n${from.data}\r\n`;
}

function fieldWire(from: { name: string; before: string; value: string; after: string }): string {
  return `${from.name}:${from.before}${from.value}${from.after}\r\n`;
}

function messageOf(first: string, lines: Parameters<typeof fieldWire>[0][], made: BodyOf): Message {
  const framing = made.field === '' ? '' : `${made.field}\r\n`;
  return {
    wire: `${first}\r\n${lines.map(fieldWire).join('')}${framing}\r\n${made.wire}`,
    log: [
      visible(first),
      ...lines.map((line) => visible(`${line.name}: ${line.value}`.replace(/ $/, ''))),
      ...(made.field === '' ? [] : [made.field]),
      `${made.framing}, persistent`,
      ...(made.text === '' ? [] : [`body ${visible(made.text)}`]),
      'end',
    ],
  };
}

type BodyOf = { field: string; framing: string; wire: string; text: string };

const host = { name: 'Host', before: ' ', value: 'a.example:80', after: '' };
const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
    target: fc.stringMatching(/^\/[a-z0-9~_-]{0,30}(?:\?[!"$-~]{0,20})?$/),
    fields,
    body,
  })
  .map((from) =>
    messageOf(`${from.method} ${from.target} HTTP/1.1`, [host, ...from.fields], from.body),
  );

const response = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }),
    reason: fc.stringMatching(/^[a-z]{1,10}$/),
    fields,
    body: body.filter(({ field }) => field !== ''),
  })
  .filter(({ status }) => status !== 204 && status !== 304)
  .map((from) => messageOf(`HTTP/1.1 ${from.status} ${from.reason}`, from.fields, from.body));

function anySplit(kind: Kind, message: fc.Arbitrary<Message>): void {
  const splits = fc.array(fc.nat(4000), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), splits, (messages, at) => {
      const wire = Buffer.from(messages.map((one) => one.wire).join(''), 'latin1');
      const expected = messages.flatMap(({ log }) => log).join('\n');
      return (
        logOf(
          kind,
          wire,
          at.map((offset) => offset % (wire.length + 1)),
        ).join('\n') === expected
      );
    }),
    { numRuns: 300, seed: 1 },
  );
}

test('any split of any valid requests gives the same log', (t) => {
  t.notThrows(() => anySplit('request', request));
});

test('any split of any valid responses gives the same log', (t) => {
  t.notThrows(() => anySplit('response', response));
});

for (const [kind, file] of [
  ['request', 'http-request.md'],
  ['response', 'http-response.md'],
  ['answer to HEAD', 'http-response.md'],
] as const) {
  test(`a changed ${kind} is read or refused, and the same byte by byte`, (t) => {
    const mutations = new Mutations(file);
    for (let seed = 0; seed < 5_000; seed += 1) {
      const wire = mutations.wire(seed);
      const whole = logOf(kind, wire); // Throws what is not an HttpError.
      const pieces = logOf(kind, wire, [...wire.keys()]);
      if (whole.join('\n') !== pieces.join('\n')) t.deepEqual(pieces, whole, `input ${seed}`);
    }
    t.pass();
  });
}
