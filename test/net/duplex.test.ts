import { Agent, createServer, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HIGH_BYTES } from '../../src/core/outbox/water-marks.ts';
import { connect, duplexOf, IoError, listen } from '../../src/net/index.ts';
import { fill, pair, rule, textOf, within } from './worlds.ts';

/** A Duplex that is done with closes by itself; what it closes with is no test's affair here. */
async function gone(...duplexes: Duplex[]): Promise<void> {
  for (const duplex of duplexes) {
    duplex.on('error', () => {});
    if (!duplex.closed) await new Promise((resolve) => duplex.once('close', resolve));
  }
}

rule('a Duplex reads, writes and half-closes', async (t, w) => {
  const [a, b] = await pair(w);
  const duplex = duplexOf(a);
  duplex.end('question');
  t.is(await textOf(b), 'question');
  await b.send('answer');
  const closing = b.close();
  t.is(await textOf(duplex), 'answer');
  await Promise.all([closing, gone(duplex)]);
});

rule('a Duplex that may not be half open ends with its peer', async (t, w) => {
  const [a, b] = await pair(w);
  const duplex = duplexOf(a, { allowHalfOpen: false });
  duplex.resume();
  await b.shutdown();
  t.is(await b.recv(), undefined);
  await Promise.all([b.close(), gone(duplex)]);
});

rule('a Duplex nobody reads from posts no receive, so that the peer has to wait', async (t, w) => {
  const [a, b] = await pair(w);
  const duplex = duplexOf(a);
  const chunk = Buffer.alloc(HIGH_BYTES, 'x');
  const { sent, waiting } = await fill(w, b, chunk);
  t.is(duplex.readableLength, 0);
  const all = textOf(duplex);
  await waiting;
  await b.shutdown();
  duplex.end();
  t.is((await all).length, sent);
  await Promise.all([b.close(), gone(duplex)]);
});

rule('a write to a peer that does not read calls back when it does', async (t, w) => {
  const [a, b] = await pair(w);
  const duplex = duplexOf(a);
  const sent = 8 * 1024 * 1024;
  let calledBack = false;
  const written = new Promise<void>((resolve) => {
    duplex.write(Buffer.alloc(sent), () => {
      calledBack = true;
      resolve();
    });
  });
  t.false(await within(w, written, 200));
  t.false(calledBack);
  const all = textOf(b);
  await written;
  duplex.end();
  duplex.resume();
  t.is((await all).length, sent);
  await Promise.all([b.close(), gone(duplex)]);
});

rule('a reset destroys a Duplex with IoError', async (t, w) => {
  const [a, b] = await pair(w);
  const duplex = duplexOf(a);
  const failed = textOf(duplex);
  await b.close({ how: 'reset' });
  await t.throwsAsync(failed, { instanceOf: IoError, code: 'reset' });
  await gone(duplex);
});

rule('destroying a Duplex closes its stream', async (t, w) => {
  const [a, b] = await pair(w);
  const duplex = duplexOf(a);
  duplex.on('error', () => {});
  const end = b.recv();
  duplex.destroy(new Error('enough'));
  await t.throwsAsync(end, { instanceOf: IoError, code: 'reset' });
  await b.close();
  t.is(w.port.openSockets, 0);
});

rule('pipelines run over it, and every byte arrives', async (t, w) => {
  const [a, b] = await pair(w);
  const echo = duplexOf(b);
  const echoed = pipeline(echo, echo);
  const duplex = duplexOf(a);
  const sent = Buffer.alloc(2_000_000, 'the quick brown fox ');
  const received = textOf(duplex);
  duplex.end(sent);
  t.true((await received) === sent.toString());
  await echoed;
  await gone(duplex, echo);
});

rule('node:http speaks over it, server and client, with keep-alive', async (t, w) => {
  const listener = await listen(w.port, w.any);
  const accepted: Duplex[] = [];
  const server = createServer((incoming, response) => {
    response.end(`you asked for ${incoming.url}`);
  });
  const serving = (async () => {
    for await (const stream of listener) {
      const duplex = duplexOf(stream);
      accepted.push(duplex);
      server.emit('connection', duplex);
    }
  })();
  const opened: Duplex[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = (_options, done) => {
    connect(w.port, listener.endpoint).then(
      (stream) => {
        opened.push(duplexOf(stream));
        done?.(null, opened.at(-1) as Duplex);
      },
      (error: Error) => done?.(error, undefined as never),
    );
    return undefined;
  };
  for (const path of ['/one', '/two']) {
    const text = await new Promise<string>((resolve, reject) => {
      const asked = request({ agent, path }, (response) => resolve(textOf(response)));
      asked.on('error', reject).end();
    });
    t.is(text, `you asked for ${path}`);
  }
  t.is(accepted.length, 1, 'the second request used the same connection');
  agent.destroy();
  server.close();
  server.closeAllConnections();
  await Promise.all([gone(...opened), gone(...accepted), listener.close(), serving]);
});

rule('a Duplex tells when nothing has moved for as long as setTimeout says', async (t, w) => {
  const [a, b] = await pair(w);
  const duplex = duplexOf(a) as Socket;
  let movedMs = w.port.loop.nowMs();
  duplex.on('data', () => {
    movedMs = w.port.loop.nowMs();
  });
  const silentMs = new Promise<number>((resolve) => {
    duplex.setTimeout(120, () => resolve(w.port.loop.nowMs() - movedMs));
  });
  for (let i = 0; i < 3; i += 1) {
    await within(w, silentMs, 60);
    await b.send('.');
  }
  t.true((await silentMs) > 119);
  duplex.once('timeout', () => t.fail('it was taken back'));
  duplex.setTimeout(5);
  duplex.setTimeout(0);
  t.false(await within(w, new Promise(() => {}), 30));
  duplex.end();
  await Promise.all([b.close(), gone(duplex)]);
});
