import test from 'ava';
import { SimProactor, SimWorld } from '../../adapters/sim/index.ts';
import { ServerNames } from '../../src/proxy/server-names.ts';

test('a look-up that never answers is given up after 30 s, and not before', async (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  const names = new ServerNames('a.test', { look: () => new Promise(() => {}) }, () => {}, port);
  const told: unknown[] = [];
  names.whenKnown({ serversKnown: (error: unknown) => told.push(error) });
  world.advance(29_999);
  t.deepEqual(told, []);
  world.advance(1);
  t.regex(String(told[0]), /no answer within 30000 ms/);
  t.is(told.length, 1);
});
