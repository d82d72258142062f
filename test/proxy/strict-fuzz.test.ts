import test from 'ava';
import { originForm } from '../../src/http/request-target.ts';
import { connect, type Stream } from '../../src/net/index.ts';
import { compare } from '../http/compare-parsers.ts';
import { type LoggedMessage, MessageLog, visible } from '../http/message-log.ts';
import { Mutations, randomFrom } from '../http/mutations.ts';
import { NodeParser, whyNoNodeParser } from '../http/node-parser.ts';
import { PROXY_ENDPOINT, SimSite } from './sim-site.ts';

const IS_LONG = process.env.SLUICE_LONG === '1';
const INPUTS = IS_LONG ? 100_000 : 1_500;
/** Inputs that one simulated world takes. */
const WORLD_INPUTS = 250;
const TIMEOUT_MS = IS_LONG ? 900_000 : 60_000;

/** A request as it was meant, or as it came to the server. */
type Meant = { readonly first: string; readonly body: string };

/** The whole requests of an input, up to the last one of its connection. */
function meantBy(wire: Uint8Array): Meant[] {
  const log = new MessageLog('request');
  const lines: string[] = [];
  log.onHead = (head) => lines.push(`${head.method} ${originForm(head)} HTTP/1.1`);
  log.write(wire);
  const meant: Meant[] = [];
  for (const [index, { body, end, persistent }] of log.messages.entries()) {
    if (end < 0) break;
    meant.push({ first: lines[index] as string, body });
    if (!persistent) break;
  }
  return meant;
}

/** A server that answers every whole request, and keeps what came. */
class Kept {
  readonly requests: Meant[] = [];
  /** All that came, a connection an entry. */
  readonly raw: Buffer[] = [];
  readonly refused: string[] = [];

  readonly serve = async (stream: Stream): Promise<void> => {
    const log = new MessageLog('request');
    const index = this.raw.push(Buffer.alloc(0)) - 1;
    for (let answered = 0; ; ) {
      const data = await stream.recv();
      if (data === undefined) return;
      this.raw[index] = Buffer.concat([this.raw[index] as Buffer, data]);
      log.write(data);
      if (log.lines.at(-1)?.startsWith('refused')) this.refused.push(log.lines.at(-1) as string);
      for (; isWhole(log.messages[answered]); answered += 1) {
        const { first, body } = log.messages[answered] as LoggedMessage;
        this.requests.push({ first, body });
        const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
        await stream.send(first.startsWith('HEAD ') ? head : `${head}ok`);
      }
    }
  };
}

function isWhole(message: LoggedMessage | undefined): boolean {
  return message !== undefined && message.end >= 0;
}

/** Sends `wire` in a few pieces, ends its side, and reads to the end. */
async function say(site: SimSite, wire: Uint8Array, random: () => number): Promise<void> {
  const stream = await connect(site.client, PROXY_ENDPOINT);
  try {
    for (let from = 0; from < wire.length; ) {
      const to = Math.min(wire.length, from + 1 + Math.floor(random() * 200));
      await stream.send(Buffer.from(wire.subarray(from, to)));
      from = to;
    }
    await stream.shutdown();
    while ((await stream.recv()) !== undefined);
  } catch {
    // The proxy has cut it.
  } finally {
    await stream.close({ how: 'reset' }).catch(() => {});
  }
}

const title = 'of any input the server gets the requests that were meant, and no other byte';
const declare = whyNoNodeParser === undefined ? test : test.skip;

declare(title, async (t) => {
  t.timeout(TIMEOUT_MS);
  const mutations = new Mutations('http-request.md');
  const node = new NodeParser('request');
  let forwarded = 0;
  for (let first = 0; first < INPUTS; first += WORLD_INPUTS) {
    const site = new SimSite({ seed: first, latencyMinMs: 1, latencyMaxMs: 3 });
    const kept = new Kept();
    const random = randomFrom(first);
    await site.run(async () => {
      await site.start(kept.serve);
      for (let seed = first; seed < first + WORLD_INPUTS; seed += 1) {
        const wire = mutations.wire(seed);
        kept.requests.length = 0;
        await say(site, wire, random);
        const meant = meantBy(wire);
        forwarded += meant.length;
        if (JSON.stringify(kept.requests) !== JSON.stringify(meant)) {
          t.deepEqual(kept.requests, meant, `input ${seed}: ${visible(`${Buffer.from(wire)}`)}`);
        }
      }
    });
    t.is(site.left, '', `inputs from ${first}`);
    t.deepEqual(kept.refused, []);
    // What has come to the server is what Node's strict parser would have read, without exception.
    for (const raw of kept.raw) t.is(compare('request', raw, node).difference, undefined);
  }
  t.log(`${INPUTS} inputs, ${forwarded} requests forwarded`);
  t.true(forwarded > INPUTS / 10);
});
