import { defineProxy, reply } from '../../../src/proxy/framework/index.ts';
import { fieldOf } from '../peer.ts';
import { answering, ok } from '../upstream.ts';
import { echo, switching, tunnelTest, upgrade } from './tunnel-site.ts';

const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

tunnelTest('an upgrade is asked of the server, and its 101 is the answer', async (t, site) => {
  const heads: string[] = [];
  const url = await site.upstream(async (peer) => {
    heads.push((await peer.head()) ?? '');
    peer.write(switching('websocket', ACCEPT));
    peer.write(await peer.take(4));
    await peer.rest();
    peer.finish();
  });
  await site.start(defineProxy().route('/', url));
  const client = await site.client();
  client.write(upgrade('WebSocket', KEY, 'HTTP2-Settings: AAMAAABk', 'Keep-Alive: 5'));
  const head = (await client.head()) ?? '';
  client.write('ping');
  const pong = await client.take(4);
  client.finish();
  const { end } = await client.rest();
  const [up = ''] = heads;
  t.is(up.split('\r\n')[0], 'GET /chat?room=1 HTTP/1.1');
  t.is(fieldOf(up, 'connection'), 'Upgrade');
  t.is(fieldOf(up, 'upgrade'), 'WebSocket');
  t.is(fieldOf(up, 'sec-websocket-key'), KEY.slice(19));
  t.is(fieldOf(up, 'http2-settings'), undefined);
  t.is(fieldOf(up, 'keep-alive'), undefined);
  t.is(head.split('\r\n')[0], 'HTTP/1.1 101 Switching Protocols');
  t.is(fieldOf(head, 'connection'), 'Upgrade');
  t.is(fieldOf(head, 'upgrade'), 'WebSocket');
  t.is(fieldOf(head, 'sec-websocket-accept'), ACCEPT.slice(22));
  t.is(pong.toString(), 'ping');
  t.is(end, 'fin');
  const logs = await site.logs(1);
  t.is(logs.length, 1);
  t.like(logs[0], { kind: 'upgrade', status: 101, attempts: 1, error: undefined });
  t.is(logs[0]?.bytes.toClient, head.length + 4 + 4, 'the head, its empty line, and a pong');
  t.is(logs[0]?.bytes.toUpstream, up.length + 4 + 4);
});

tunnelTest('what either side sends ahead is not lost', async (t, site) => {
  const url = await site.upstream(async (peer) => {
    await peer.head();
    peer.write(`${switching()}from the server`);
    peer.write(await peer.take(15));
    peer.finish();
  });
  await site.start(defineProxy().route('/', url));
  const client = await site.client();
  client.write(`${upgrade()}from the client`);
  const head = (await client.head()) ?? '';
  const { data, end } = await client.rest();
  client.finish();
  t.is(data.toString(), 'from the serverfrom the client');
  t.is(end, 'fin');
  const [log] = await site.logs(1);
  t.is(log?.bytes.fromClient, upgrade().length + 15);
  t.is(log?.bytes.toClient, head.length + 4 + 30);
});

tunnelTest('a client that has sent its last byte with the request is answered', async (t, site) => {
  const url = await site.upstream(async (peer) => {
    await peer.head();
    peer.write(switching());
    const { data } = await peer.rest();
    peer.write(`had ${data}`);
    peer.finish();
  });
  await site.start(defineProxy().route('/', url));
  const client = await site.client();
  client.write(`${upgrade()}all`);
  client.finish();
  await client.head();
  t.is((await client.rest()).data.toString(), 'had all');
});

tunnelTest('an answer other than 101 is one, and what follows is read as HTTP', async (t, site) => {
  const heads: string[] = [];
  const serve = answering((head) => {
    heads.push(head);
    return heads.length === 1 ? 'HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno' : ok('next');
  });
  const url = await site.upstream(serve);
  await site.start(defineProxy().route('/', url));
  const client = await site.client();
  client.write(`${upgrade()}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
  const refused = await client.response();
  const next = await client.response();
  t.is(refused.status, 400);
  t.is(refused.body.toString(), 'no');
  t.is(next.body.toString(), 'next');
  t.is(heads[1]?.split('\r\n')[0], 'GET /next HTTP/1.1');
  t.is(site.seen, 1, 'the connection served both');
  t.deepEqual(
    (await site.logs(2)).map(({ kind, status }) => [kind, status]),
    [
      ['upgrade', 400],
      ['request', 200],
    ],
  );
});

const NO_UPGRADES: Readonly<Record<string, string>> = {
  'a protocol that is not allowed': upgrade('h2c', 'HTTP2-Settings: AAMAAABk'),
  'a protocol nobody named to the listener': upgrade('irc/6.9'),
  'an Upgrade that Connection does not name':
    'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n',
  'an Upgrade of HTTP/1.0':
    'GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
};

for (const [what, text] of Object.entries(NO_UPGRADES)) {
  tunnelTest(`${what} is dropped, and the request is an ordinary one`, async (t, site) => {
    let head = '';
    const serve = answering((text) => {
      head = text;
      return ok('plain');
    });
    await site.start(defineProxy().route('/', await site.upstream(serve)));
    const client = await site.client();
    client.write(text);
    t.is((await client.response()).body.toString(), 'plain');
    t.is(fieldOf(head, 'upgrade'), undefined);
    t.is(fieldOf(head, 'connection'), undefined);
    t.is(fieldOf(head, 'http2-settings'), undefined);
    t.is((await site.logs(1))[0]?.kind, 'request');
  });
}

tunnelTest('of a list of protocols the first that is allowed is asked for', async (t, site) => {
  let asked: string | undefined;
  const url = await site.upstream(async (peer) => {
    asked = fieldOf((await peer.head()) ?? '', 'upgrade');
    peer.write(switching('Chat/2'));
    peer.finish();
  });
  await site.start(defineProxy().route('/', url), { upgrades: ['websocket', 'chat/2'] });
  const client = await site.client();
  client.write(upgrade('h2c, Chat/2, websocket'));
  t.is(fieldOf((await client.head()) ?? '', 'upgrade'), 'Chat/2');
  t.is(asked, 'Chat/2');
});

const BAD_101: Readonly<Record<string, readonly [ask: string, answer: string]>> = {
  'a 101 that nobody asked for': ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', switching()],
  'a 101 to another protocol': [upgrade(), switching('chat')],
  'a 101 to two protocols': [upgrade(), switching('websocket, chat')],
  'a 101 that does not say to what': [upgrade(), 'HTTP/1.1 101 Go\r\nConnection: upgrade\r\n\r\n'],
};

for (const [what, [ask, answer]] of Object.entries(BAD_101)) {
  tunnelTest(`${what} is a fault of the server, and no tunnel`, async (t, site) => {
    const url = await site.upstream(answering(() => `${answer}smuggled`));
    await site.start(defineProxy().route('/', url), { upgrades: ['websocket', 'other'] });
    const client = await site.client();
    client.write(ask);
    const seen = await client.response();
    t.is(seen.status, 502);
    t.false(seen.body.includes('smuggled'));
    t.is((await site.server()).ended ?? (await (await site.server()).rest()).end, 'reset');
    t.is((await site.logs(1))[0]?.error?.type, 'ProtocolError');
  });
}

tunnelTest('a request filter refuses an upgrade before a server hears of it', async (t, site) => {
  const url = await site.upstream(echo);
  const proxy = defineProxy({
    requestFilter: ({ kind, upgrade: to }) =>
      kind === 'upgrade' ? reply(403, `${to}`) : undefined,
  });
  await site.start(proxy.route('/', url));
  const client = await site.client();
  client.write(upgrade());
  const seen = await client.response();
  t.is(seen.status, 403);
  t.is(seen.body.toString(), 'websocket');
  t.is(site.seen, 0);
});

tunnelTest(
  'response filters change the fields of a 101; body filters see no byte',
  async (t, site) => {
    const bodies: string[] = [];
    const proxy = defineProxy({
      upstreamResponseFilter: (_, up) => {
        up.headers.delete('sec-websocket-accept');
      },
      responseFilter: (_, response) => {
        response.headers.set('X-Seen', String(response.status));
      },
      requestBodyFilter: () => void bodies.push('request'),
      responseBodyFilter: () => void bodies.push('response'),
    });
    const url = await site.upstream(async (peer) => {
      await peer.head();
      peer.write(switching('websocket', ACCEPT));
      peer.write(await peer.take(3));
      peer.finish();
    });
    await site.start(proxy.route('/', url));
    const client = await site.client();
    client.write(upgrade());
    const head = (await client.head()) ?? '';
    t.is(fieldOf(head, 'x-seen'), '101');
    t.is(fieldOf(head, 'sec-websocket-accept'), undefined);
    client.write('abc');
    t.is((await client.rest()).data.toString(), 'abc');
    t.deepEqual(bodies, []);
  },
);

tunnelTest('handlers that take their time lose nothing of what follows a 101', async (t, site) => {
  const later = async () => {
    await new Promise((resolve) => setImmediate(resolve));
  };
  const proxy = defineProxy({
    requestFilter: later,
    connected: later,
    upstreamRequestFilter: later,
    upstreamResponseFilter: later,
    responseFilter: later,
  });
  const url = await site.upstream(async (peer) => {
    await peer.head();
    peer.write(`${switching()}early`);
    peer.write(await peer.take(5));
    peer.finish();
  });
  await site.start(proxy.route('/', url));
  const client = await site.client();
  client.write(`${upgrade()}early`);
  await client.head();
  t.is((await client.rest()).data.toString(), 'earlyearly');
});

tunnelTest('a handler answers instead of a 101, and the server is left', async (t, site) => {
  const proxy = defineProxy({ upstreamResponseFilter: () => reply(503, 'not today') });
  await site.start(proxy.route('/', await site.upstream(echo)));
  const client = await site.client();
  client.write(upgrade());
  const seen = await client.response();
  t.is(seen.status, 503);
  t.is(seen.body.toString(), 'not today');
  t.is((await (await site.server()).rest()).end, 'reset');
});

tunnelTest('a 101 cannot be made into another status', async (t, site) => {
  const proxy = defineProxy({
    responseFilter: (_, response) => {
      if (response.status === 101) response.status = 200;
    },
  });
  await site.start(proxy.route('/', await site.upstream(echo)));
  const client = await site.client();
  client.write(upgrade());
  t.is((await client.response()).status, 500);
  t.is((await site.logs(1))[0]?.error?.type, 'Internal');
  t.is(String(site.thrown.splice(0)), 'RangeError: 101 cannot become 200: reply instead');
});
