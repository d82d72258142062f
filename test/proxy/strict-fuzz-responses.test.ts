import test from 'ava';
import { connect, type Stream } from '../../src/net/index.ts';
import { MessageLog, visible } from '../http/message-log.ts';
import { Mutations, randomFrom } from '../http/mutations.ts';
import { NodeParser, whyNoNodeParser } from '../http/node-parser.ts';
import { PROXY_ENDPOINT, readUntil, SimSite } from './sim-site.ts';
import { ok } from './upstream.ts';

const IS_LONG = process.env.SLUICE_LONG === '1';
const INPUTS = IS_LONG ? 100_000 : 1_500;
/** Inputs that one simulated world takes. */
const WORLD_INPUTS = 250;
const TIMEOUT_MS = IS_LONG ? 900_000 : 60_000;
const INTERIM_MAX = 10;
const ASKED =
  'GET /bad HTTP/1.1\r\nHost: x\r\n\r\nGET /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** What the client is to get: an answer and the next one, or the sight of a cut. */
function dueFor(wire: Uint8Array): string[] {
  const log = new MessageLog('response');
  log.write(wire);
  log.end();
  let interim = 0;
  for (const { first, body, end, framing } of log.messages) {
    const status = Number(first.split(' ')[1]);
    if (status >= 200 && end < 0) return ['cut'];
    // A body that ends with its connection takes the client's with it.
    if (status >= 200 && framing === 'close') return [`${status} ${body}`, 'end'];
    if (status >= 200) return [`${status} ${body}`, '200 fine', 'end'];
    interim += 1;
    if (status === 101 || interim > INTERIM_MAX) break;
  }
  return ['502 502\n', '200 fine', 'end'];
}

/** Says `wire` to the first request and is gone; answers all others. */
function serverOf(wire: () => Uint8Array, random: () => number) {
  return async (stream: Stream): Promise<void> => {
    for (;;) {
      const head = await readUntil(stream, /\r\n\r\n/);
      if (!head.startsWith('GET /bad ')) {
        await stream.send(ok('fine'));
        continue;
      }
      const bytes = wire();
      for (let from = 0; from < bytes.length; ) {
        const to = Math.min(bytes.length, from + 1 + Math.floor(random() * 200));
        await stream.send(Buffer.from(bytes.subarray(from, to)));
        from = to;
      }
      await stream.shutdown();
      while ((await stream.recv()) !== undefined);
      return;
    }
  };
}

/** What a client has got in all, as Node's strict parser reads it. */
async function got(site: SimSite, node: NodeParser): Promise<string[]> {
  node.start();
  const stream = await connect(site.client, PROXY_ENDPOINT);
  let end = 'cut';
  try {
    await stream.send(ASKED);
    for (let data = await stream.recv(); data !== undefined; data = await stream.recv()) {
      node.write(data);
    }
    node.end();
    end = 'end';
  } catch {
    // The proxy has cut it: what is not complete is not taken for whole.
  } finally {
    await stream.close({ how: 'reset' }).catch(() => {});
  }
  const whole = node.messages.filter(({ complete }) => complete);
  const answers = whole.map(({ first, body }) => `${first.split(' ')[1]} ${body}`);
  return [...answers, node.refused ?? end];
}

const title =
  'whatever a server says, the client gets what was meant, a 502 or a cut, then its next';
const declare = whyNoNodeParser === undefined ? test : test.skip;

declare(title, async (t) => {
  t.timeout(TIMEOUT_MS);
  const mutations = new Mutations('http-response.md');
  const node = new NodeParser('response');
  const counts = new Map<string, number>();
  for (let first = 0; first < INPUTS; first += WORLD_INPUTS) {
    const site = new SimSite({ seed: first, latencyMinMs: 1, latencyMaxMs: 3 });
    let wire: Uint8Array = new Uint8Array(0);
    await site.run(async () => {
      await site.start(serverOf(() => wire, randomFrom(first)));
      for (let seed = first; seed < first + WORLD_INPUTS; seed += 1) {
        wire = mutations.wire(seed);
        const due = dueFor(wire);
        const answers = await got(site, node);
        if (answers.join('\n') !== due.join('\n')) {
          t.deepEqual(answers, due, `input ${seed}: ${visible(`${Buffer.from(wire)}`)}`);
        }
        const kind = /^(?:502|cut)/.exec(due[0] as string)?.[0] ?? 'passed on';
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
    });
    t.is(site.left, '', `inputs from ${first}`);
  }
  t.log(`${INPUTS} inputs: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')}`);
  t.true((counts.get('passed on') ?? 0) > INPUTS / 10);
});
