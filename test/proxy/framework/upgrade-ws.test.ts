import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { defineProxy } from '../../../src/proxy/framework/index.ts';
import { type TunnelSite, tunnelTest } from './tunnel-site.ts';

type Options = { readonly perMessageDeflate?: boolean };

/** A server and a client of the package ws, joined by a proxy; both are closed at the end. */
async function withSockets(
  site: TunnelSite,
  options: Options,
  body: (client: WebSocket, server: WebSocket) => Promise<void>,
): Promise<void> {
  const listener = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  try {
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    await site.start(defineProxy().route('/', `http://127.0.0.1:${port}`));
    const client = new WebSocket(`ws://127.0.0.1:${site.boundPort}/chat`, 'json', options);
    const connection = once(listener, 'connection');
    await once(client, 'open');
    const [server] = (await connection) as [WebSocket];
    await body(client, server);
  } finally {
    for (const client of listener.clients) client.terminate();
    listener.close();
  }
}

async function message(socket: WebSocket): Promise<Buffer> {
  const [data] = (await once(socket, 'message')) as [Buffer];
  return data;
}

tunnelTest('messages, pings and a close with its reason pass', async (t, site) => {
  await withSockets(site, {}, async (client, server) => {
    t.is(client.protocol, 'json');
    const up = message(server);
    client.send('hello');
    t.is(String(await up), 'hello');
    const down = message(client);
    server.send('welcome');
    t.is(String(await down), 'welcome');
    const pong = once(client, 'pong');
    client.ping('are you there?');
    t.is(String((await pong)[0]), 'are you there?');
    const closed = once(server, 'close');
    const ended = once(client, 'close');
    client.close(4001, 'enough');
    const [code, reason] = await closed;
    t.is(code, 4001);
    t.is(String(reason), 'enough');
    await ended;
  });
  const [log] = await site.logs(1);
  t.is(log?.status, 101);
});

tunnelTest('fragmented messages pass, with a ping between the fragments', async (t, site) => {
  await withSockets(site, {}, async (client, server) => {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const whole = message(to);
      const pinged = once(to, 'ping');
      for (let i = 0; i < 100; i += 1) {
        from.send(`${i},`, { fin: i === 99 });
        if (i === 50) from.ping();
      }
      t.is(String(await whole), Array.from({ length: 100 }, (_, i) => `${i},`).join(''));
      await pinged;
    }
  });
});

for (const perMessageDeflate of [false, true]) {
  const how = perMessageDeflate ? 'compressed' : 'plain';
  tunnelTest(`frames of 10 MiB pass both ways at once, ${how}`, async (t, site) => {
    const data = Buffer.alloc(10 * 1024 * 1024);
    for (let i = 0; i < data.length; i += 4) data.writeUInt32LE((i * 2_654_435_761) >>> 0, i);
    await withSockets(site, { perMessageDeflate }, async (client, server) => {
      const both = Promise.all([message(server), message(client)]);
      client.send(data);
      server.send(data);
      const [up, down] = await both;
      t.true(up.equals(data));
      t.true(down.equals(data));
    });
  });
}

tunnelTest('a server that is terminated ends its client abnormally', async (t, site) => {
  await withSockets(site, {}, async (client, server) => {
    const closed = once(client, 'close');
    client.on('error', () => {});
    server.terminate();
    const [code] = await closed;
    t.is(code, 1006);
  });
});
