import test from 'ava';
import { SimProactor, SimWorld } from '../../adapters/sim/index.ts';
import { UPSTREAM_TIMEOUTS } from '../../src/proxy/proxy-config.ts';
import { ServerNames } from '../../src/proxy/server-names.ts';
import type { Session } from '../../src/proxy/session.ts';
import { UpstreamGroup } from '../../src/proxy/upstream-group.ts';

test('a look-up that never answers is given up after 30 s, and not before', async (t) => {
  const world = new SimWorld({ seed: 1 });
  const port = new SimProactor(world.local);
  const group = new UpstreamGroup(port.loop, 3, UPSTREAM_TIMEOUTS);
  const names = new ServerNames(
    { name: 'a.test', port: 80 },
    () => new Promise(() => {}),
    group,
    port,
  );
  const told: unknown[] = [];
  names.whenKnown({ serversKnown: (error: unknown) => told.push(error) } as unknown as Session);
  world.advance(29_999);
  t.deepEqual(told, []);
  world.advance(1);
  t.regex(String(told[0]), /no answer within 30000 ms/);
  t.is(told.length, 1);
});

test('a server that was tried is not taken again while there are others', (t) => {
  const world = new SimWorld({ seed: 1 });
  const group = new UpstreamGroup(new SimProactor(world.local).loop, 3, UPSTREAM_TIMEOUTS);
  const at = (port: number) => ({ family: 'ipv4', address: '10.0.0.1', port }) as const;
  group.setServers([at(1), at(2), at(3)]);
  for (let i = 0; i < 6; i += 1) t.is(group.next([0, 2]), 1);
  group.failed(1);
  t.is(group.next([0, 2]), 1, 'one that failed lately is better than one that was tried');
});
