import { METHODS } from 'node:http';
import test from 'ava';
import { MessageLog, visible } from './message-log.ts';
import { Mutations } from './mutations.ts';
import { NodeRequests } from './node-requests.ts';

const SEEDS = 2_000;

/**
 * What we accept and Node's strict parser refuses, each for a reason:
 * - a method that it does not know: a proxy passes on what its servers may know;
 * - fields about length in a trailer section, which are dropped here;
 * - white space around the parts of a chunk extension, dropped too (RFC 9112 §7.1.1 allows it),
 *   and other extensions that are no more than odd;
 * - a tab behind a length: white space around a value is not part of it;
 * - whatever follows the last request of a connection, which is not read here.
 */
function differs(text: string, ended: readonly string[]): boolean {
  if (ended.some((line) => !METHODS.includes(line.slice(0, line.indexOf(' '))))) return true;
  if (/\r\n0+(?:;[^\r]*)?\r\n(?:[^\r]+\r\n)*(?:content-length|transfer-encoding):/i.test(text)) {
    return true;
  }
  return /\r\n(?:[0-9a-f]+;[^\r]*|content-length:[^\r]*\t)\r\n/i.test(text);
}

/** After these, Node reads no further request. */
const LAST = /\r\n(?:connection:[^\r]*close|upgrade:)|HTTP\/1\.0\r\n/i;

test('whatever is accepted, Node reads as the same requests', async (t) => {
  const mutations = new Mutations('http-request.md');
  const node = new NodeRequests();
  let compared = 0;
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const wire = mutations.wire(seed);
    const log = new MessageLog('request');
    log.write(wire);
    const text = Buffer.from(wire.subarray(0, log.endedAt)).toString('latin1');
    if (log.ended.length === 0 || LAST.test(text) || differs(text, log.ended)) continue;
    compared += 1;
    const theirs = await node.read(wire.subarray(0, log.endedAt));
    if (theirs.join() !== log.ended.join()) {
      t.deepEqual(theirs, log.ended, `input ${seed}: ${visible(text)}`);
    }
  }
  t.true(compared > SEEDS / 20, `only ${compared} inputs were accepted`);
});
