import { poolOf, Relay, type Stream } from '../../src/net/index.ts';
import { pair, rule, textOf, textOfBytes, type World, within } from './worlds.ts';

type Joined = {
  readonly client: Stream;
  readonly server: Stream;
  readonly relay: Relay;
  readonly ended: Promise<Relay>;
};

/** A client and a server, joined by a relay that has not been started. */
async function joined(w: World): Promise<Joined> {
  const [client, a] = await pair(w);
  const [b, server] = await pair(w);
  const { socket: from } = a.handOver();
  const { socket: to } = b.handOver();
  let end: (relay: Relay) => void = () => {};
  const ended = new Promise<Relay>((resolve) => {
    end = resolve;
  });
  const relay = new Relay(w.port, poolOf(w.port), from, to, 0, end);
  return { client, server, relay, ended };
}

rule('a relay that does not close halves ends both sides with the first one', async (t, w) => {
  const { client, server, relay, ended } = await joined(w);
  relay.halfCloses = false;
  relay.start('aToB');
  relay.start('bToA');
  await server.send('last words');
  await server.shutdown();
  t.is(await textOf(client), 'last words');
  t.is(await textOf(server), '', 'the client has not ended');
  await Promise.all([client.close(), server.close()]);
  const { why, firstEnded } = await ended;
  t.deepEqual([why, firstEnded], ['ended', 'bToA']);
});

rule('who owns a relay is told of its end before the sockets are closed', async (t, w) => {
  const { client, server, relay, ended } = await joined(w);
  relay.halfCloses = false;
  relay.lingerMs = 60_000;
  let told: Relay | undefined;
  const ending = new Promise<void>((resolve) => {
    relay.onEnding = (one) => {
      told = one;
      resolve();
    };
  });
  relay.start('aToB');
  relay.start('bToA');
  await client.shutdown();
  await ending;
  t.is(told?.why, 'ended');
  t.false(await within(w, ended, 100), 'the client has not closed: the relay lingers');
  await Promise.all([client.close(), server.close()]);
  await ended;
});

rule('a relay knows when the first bytes of b came', async (t, w) => {
  const { client, server, relay, ended } = await joined(w);
  relay.start('aToB');
  relay.start('bToA');
  await client.send('x');
  t.is(await textOfBytes(server, 1), 'x');
  t.is(relay.firstMsBtoA, -1);
  const beforeMs = w.port.loop.nowMs();
  await server.send('y');
  t.is(await textOfBytes(client, 1), 'y');
  await Promise.all([client.shutdown(), server.shutdown()]);
  t.deepEqual(await Promise.all([textOf(client), textOf(server)]), ['', '']);
  await Promise.all([client.close(), server.close()]);
  await ended;
  t.true(relay.firstMsBtoA >= Math.floor(beforeMs));
});
