import type { ExecutionContext } from 'ava';
import { ParserPool } from '../../src/http/parser-pool.ts';
import { reply } from '../../src/http/reply.ts';
import { ActivityPool } from '../../src/http/server-activity.ts';
import { ServerConnection } from '../../src/http/server-connection.ts';
import type { RequestHandler, ServerShared } from '../../src/http/server-options.ts';
import { poolOf, type Stream } from '../../src/net/index.ts';
import { pair, rule, textOf, textOfBytes, type World } from '../net/worlds.ts';
import { get, post } from './server-world.ts';

/** A server's connection on a real port, and a client to write to it byte for byte. */
class Served {
  readonly told: string[] = [];
  readonly parsers: ParserPool = new ParserPool('request');
  readonly client: Stream;
  /** Settles when the server has let go of the connection. */
  readonly closed: Promise<void>;

  constructor(world: World, client: Stream, accepted: Stream, headMs: number) {
    this.client = client;
    let onClosed = () => {};
    this.closed = new Promise((resolve) => {
      onClosed = resolve;
    });
    const shared: ServerShared = {
      port: world.port,
      activities: new ActivityPool(world.port, poolOf(world.port), this.parsers, 5_000),
      timeouts: { headMs, bodyMs: 5_000, sendMs: 5_000, idleMs: 5_000 },
      requestsMax: 100,
      bodyBytesMax: 100,
      handler: this.#handler(onClosed),
    };
    const { socket } = accepted.handOver();
    new ServerConnection(shared, socket);
  }

  /** Answers `/never` not at all, and the rest at the end of the body. */
  #handler(onClosed: () => void): RequestHandler {
    return {
      request: (connection) => {
        const { target } = connection.head;
        this.told.push(target);
        const answer = () => {
          const { persistent } = connection;
          connection.send(reply(200, target, persistent));
          connection.endResponse(persistent);
        };
        if (target !== '/never' && !connection.requestHasBody) answer();
        return {
          requestBody: () => {},
          requestEnd: answer,
          requestFailed: (error) => this.told.push(`failed ${error?.code ?? 'gone'}`),
          responseLevel: () => {},
        };
      },
      refused: (_connection, error) => this.told.push(`refused ${error.code}`),
      closed: onClosed,
    };
  }
}

async function served(world: World, headMs: number = 5_000): Promise<Served> {
  const [client, accepted] = await pair(world);
  return new Served(world, client, accepted, headMs);
}

/** Ends the client, and holds that the server leaves nothing behind. */
async function end(t: ExecutionContext, { client, closed, parsers }: Served): Promise<void> {
  await client.close();
  await closed;
  t.is(parsers.lent, 0, 'no parser is lent');
}

const REPLY_BYTES = reply(200, '/1', true).length;

rule('requests on one connection are answered one after another', async (t, world) => {
  const server = await served(world);
  for (const target of ['/1', '/2', '/3']) {
    await server.client.send(Buffer.from(get(target)));
    t.is(await textOfBytes(server.client, REPLY_BYTES), reply(200, target, true));
  }
  await end(t, server);
});

rule('64 requests sent at once are all answered, in order', async (t, world) => {
  const server = await served(world);
  const targets = Array.from({ length: 64 }, (_, index) => `/${index}`);
  const expected = targets.map((target) => reply(200, target, true)).join('');
  await server.client.send(Buffer.from(targets.map((target) => get(target)).join('')));
  t.is(await textOfBytes(server.client, expected.length), expected);
  await end(t, server);
});

rule(
  'a client that has ended its side gets the whole answer and then the end',
  async (t, world) => {
    const server = await served(world);
    await server.client.send(Buffer.from(post('hello')));
    await server.client.shutdown();
    t.regex(await textOf(server.client), /^HTTP\/1\.1 200 [\s\S]*\/up$/);
    await end(t, server);
  },
);

rule('a head that does not come to its end is answered with 408 in time', async (t, world) => {
  const server = await served(world, 50);
  const startMs = world.port.loop.nowMs();
  await server.client.send(Buffer.from('GET / HTTP/1.1\r\n'));
  t.regex(await textOf(server.client), /^HTTP\/1\.1 408 /);
  t.true(world.port.loop.nowMs() - startMs >= 50);
  t.deepEqual(server.told, ['refused TIMEOUT']);
  await end(t, server);
});

rule('a body over the limit is answered with 413, which reaches who sends it', async (t, world) => {
  const server = await served(world);
  await server.client.send(Buffer.from(post('x'.repeat(50_000))));
  t.regex(await textOf(server.client), /^HTTP\/1\.1 413 /);
  await end(t, server);
});

rule('a client that resets is told to the exchange once', async (t, world) => {
  const server = await served(world);
  await server.client.send(Buffer.from(get('/never')));
  while (server.told.length === 0) await turn(world);
  await server.client.close({ how: 'reset' });
  await server.closed;
  t.deepEqual(server.told, ['/never', 'failed gone']);
  t.is(server.parsers.lent, 0);
});

function turn(world: World): Promise<void> {
  return new Promise((resolve) => {
    world.port.loop.post(resolve);
  });
}
