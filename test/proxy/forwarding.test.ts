import { createHash, randomBytes } from 'node:crypto';
import { fieldOf, type Peer } from './peer.ts';
import { siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const HOST = 'Host: client.test\r\n';

siteTest('a GET is answered with what the upstream says', async (t, site) => {
  await site.start(answering((head) => ok(head)));
  const { status, body } = await site.ask(`GET /a?b=c HTTP/1.1\r\n${HOST}A: b\r\n\r\n`);
  t.is(status, 200);
  const asked = 'GET /a?b=c HTTP/1.1\r\nHost: backend.test\r\nA: b\r\nX-Forwarded-For: 127.0.0.1';
  t.is(body.toString(), asked);
  t.deepEqual(await site.statuses(1), ['200']);
});

siteTest('the answer to HEAD has its length and no body', async (t, site) => {
  await site.start(answering(() => 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'));
  const client = await site.client();
  for (let i = 0; i < 2; i += 1) {
    client.write(`HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    t.is(fieldOf((await client.response(true)).head, 'content-length'), '1000');
  }
  t.is(site.seen, 1);
});

for (const status of [204, 304]) {
  siteTest(`a ${status} with a Content-Length has no body`, async (t, site) => {
    await site.start(answering(() => `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\n`));
    const client = await site.client();
    for (let i = 0; i < 2; i += 1) {
      client.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
      t.is((await client.response()).status, status);
    }
    t.is(site.seen, 1, 'both connections are kept');
  });
}

siteTest('a POST with a Content-Length is forwarded with it', async (t, site) => {
  await site.start(async (peer) => {
    const head = (await peer.head()) ?? '';
    const body = await peer.take(Number(fieldOf(head, 'content-length')));
    peer.write(ok(body.toString()));
  });
  const { body } = await site.ask(`POST / HTTP/1.1\r\n${HOST}Content-Length: 007\r\n\r\nabcdefg`);
  t.is(body.toString(), 'abcdefg');
});

siteTest('a chunked upload is forwarded chunked', async (t, site) => {
  await site.start(async (peer) => {
    const head = (await peer.head()) ?? '';
    t.is(fieldOf(head, 'transfer-encoding'), 'chunked');
    peer.write(ok((await peer.chunks()).toString()));
  });
  const { body } = await site.ask(
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nT: r\r\n\r\n`,
  );
  t.is(body.toString(), 'abcdefg');
});

siteTest(
  'a chunked response is forwarded chunked, and both connections live on',
  async (t, site) => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
    await site.start(answering(() => text));
    const client = await site.client();
    for (let i = 0; i < 3; i += 1) {
      client.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
      const { head, body } = await client.response();
      t.is(body.toString(), 'abcde');
      t.is(fieldOf(head, 'transfer-encoding'), 'chunked');
      t.is(fieldOf(head, 'content-length'), undefined);
    }
    t.is(site.seen, 1);
  },
);

siteTest('a response that ends with its connection ends with the client’s', async (t, site) => {
  await site.start(async (peer) => {
    await peer.head();
    peer.write('HTTP/1.1 200 OK\r\n\r\nabc');
    peer.finish();
  });
  const client = await site.client();
  client.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  const { head, body } = await client.response();
  t.is(fieldOf(head, 'connection'), 'close');
  t.is(body.toString(), 'abc');
});

siteTest('an HTTP/1.0 client gets a chunked body as it is, ended by FIN', async (t, site) => {
  const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
  await site.start(answering(() => text));
  const client = await site.client();
  client.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  const { head, body } = await client.response();
  t.is(fieldOf(head, 'transfer-encoding'), undefined);
  t.is(fieldOf(head, 'connection'), 'close');
  t.is(body.toString(), 'abc');
});

siteTest('an HTTP/1.0 client that does not ask for more is closed', async (t, site) => {
  await site.start(answering(() => ok('abc')));
  const client = await site.client();
  client.write('GET / HTTP/1.0\r\n\r\n');
  const { data, end } = await client.rest();
  t.is(end, 'fin');
  t.regex(data.toString(), /\r\nConnection: close\r\n.*abc$/s);
});

siteTest('an HTTP/1.0 client that asks for keep-alive is told that it has it', async (t, site) => {
  await site.start(answering(() => ok('abc')));
  const client = await site.client();
  for (let i = 0; i < 2; i += 1) {
    client.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const { head, body } = await client.response();
    t.is(fieldOf(head, 'connection'), 'keep-alive');
    t.is(body.toString(), 'abc');
  }
  t.is(site.seen, 1);
});

siteTest('both connections are used again: 100 requests, one of each', async (t, site) => {
  await site.start(answering((head) => ok(head.split(' ')[1] ?? '')));
  const client = await site.client();
  for (let i = 0; i < 100; i += 1) {
    client.write(`GET /${i} HTTP/1.1\r\n${HOST}\r\n`);
    t.is((await client.response()).body.toString(), `/${i}`);
  }
  t.log(`100 requests: ${site.seen} upstream connection`);
  t.is(site.seen, 1);
  t.is(site.proxy.pool.idle, 1);
});

siteTest('the upstream connection of one client serves the next', async (t, site) => {
  await site.start(answering(() => ok('x')));
  for (let i = 0; i < 5; i += 1) await site.ask(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  t.is(site.seen, 1);
});

siteTest('pipelined requests are answered in order', async (t, site) => {
  await site.start(async (peer) => {
    for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
      const body = await peer.take(Number(fieldOf(head, 'content-length') ?? 0));
      peer.write(ok(`${head.split(' ')[1]}${body}`));
    }
  });
  const client = await site.client();
  const odd = (i: number) => `GET /${i} HTTP/1.1\r\n${HOST}\r\n`;
  const even = (i: number) => `PUT /${i} HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`;
  for (let i = 0; i < 64; i += 1) client.write(i % 2 ? odd(i) : even(i));
  for (let i = 0; i < 64; i += 1) {
    t.is((await client.response()).body.toString(), i % 2 ? `/${i}` : `/${i}abc`);
  }
});

siteTest('a client that has sent FIN is answered', async (t, site) => {
  await site.start(answering(() => ok('late')));
  const client = await site.client();
  client.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  client.finish();
  const { data, end } = await client.rest();
  t.regex(data.toString(), /late$/);
  t.is(end, 'fin');
  t.deepEqual(await site.statuses(1), ['200']);
});

siteTest('all that a client pipelined before its FIN is answered', async (t, site) => {
  await site.start(answering((head) => ok(head.split(' ')[1] ?? '')));
  const client = await site.client();
  for (const name of ['a', 'b', 'c']) client.write(`GET /${name} HTTP/1.1\r\n${HOST}\r\n`);
  client.finish();
  for (const name of ['/a', '/b', '/c']) t.is((await client.response()).body.toString(), name);
  t.is((await client.rest()).end, 'fin');
});

siteTest(
  'an empty line before a request is ignored, wherever the reads are split',
  async (t, site) => {
    await site.start(answering((head) => ok(head.split(' ')[1] ?? '')));
    const text = `\r\nGET /x HTTP/1.1\r\n${HOST}\r\n`;
    for (let split = 1; split < text.length; split += 1) {
      const client = await site.client();
      client.write(text.slice(0, split));
      await new Promise((resolve) => setTimeout(resolve, 2));
      client.write(text.slice(split));
      const { status } = await client.response();
      t.is(status, 200, `split at ${split}`);
      client.leave();
    }
  },
);

const MIB = 1024 * 1024;

siteTest('20 MiB up and down arrive byte for byte', async (t, site) => {
  const sent = randomBytes(20 * MIB);
  const hash = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
  const answer = async (peer: Peer): Promise<void> => {
    for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
      const length = fieldOf(head, 'content-length');
      const body = length === undefined ? await peer.chunks() : await peer.take(Number(length));
      peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      peer.write(body);
    }
  };
  await site.start(answer, { bodyBytesMax: 20 * MIB });
  const started = performance.now();
  const client = await site.client();
  client.write(`PUT / HTTP/1.1\r\n${HOST}Content-Length: ${sent.length}\r\n\r\n`);
  client.write(sent);
  const { body } = await client.response();
  t.is(hash(body), hash(sent), 'with a Content-Length');
  const chunked = await site.client();
  chunked.write(`PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
  for (let at = 0; at < sent.length; at += 100_000) {
    const piece = sent.subarray(at, at + 100_000);
    chunked.write(`${piece.length.toString(16)}\r\n`);
    chunked.write(piece);
    chunked.write('\r\n');
  }
  chunked.write('0\r\n\r\n');
  t.is(hash((await chunked.response()).body), hash(sent), 'chunked');
  t.log(`80 MiB in ${Math.round(performance.now() - started)} ms`);
});
