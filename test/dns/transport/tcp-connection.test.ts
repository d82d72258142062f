import { TCP_LINKS_MAX, TCP_QUERIES_MAX } from '../../../src/dns/transport/tcp-connection.ts';
import { TCP_STRAYS_MAX } from '../../../src/dns/transport/tcp-link.ts';
import { TCP_QUERY_BYTES_MAX } from '../../../src/dns/transport/tcp-waiting.ts';
import { rule } from '../../net/worlds.ts';
import {
  answerTo,
  endOf,
  framed,
  obliging,
  queriesOf,
  type TestAsker,
  tcpScene,
} from './tcp-world.ts';

const bytesOf = async (asker: TestAsker) => Buffer.from((await asker.end) as Buffer);

rule(
  'case 35: a query over TCP gets its answer, with the number it went out with',
  async (t, w) => {
    const scene = await tcpScene(w, obliging);
    const asker = scene.ask('a.test');
    const answer = await bytesOf(asker);
    t.deepEqual(answer.subarray(12), asker.query.subarray(12));
    t.is(answer.readUInt16BE(0), asker.tcp.id);
    t.is(asker.query.readUInt16BE(0), 0, 'the query is as it was');
    t.is(scene.connection.waiting, 0);
    await scene.close();
  },
);

rule('100 queries share one connection, each has a number of its own', async (t, w) => {
  const ids = new Set<number>();
  const scene = await tcpScene(w, async (stream) => {
    for await (const query of queriesOf(stream)) {
      ids.add(query.readUInt16BE(0));
      await stream.send(framed(answerTo(query)));
    }
  });
  const askers = Array.from({ length: 100 }, (_, index) => scene.ask(`${index}.test`));
  t.deepEqual([...new Set(await Promise.all(askers.map(endOf)))], ['answer']);
  t.is(ids.size, 100);
  t.is(scene.accepted.length, 1);
  t.is(await endOf(scene.ask('later.test')), 'answer');
  t.is(scene.accepted.length, 1, 'the connection was kept');
  await scene.close();
});

rule('case 37: answers come in any order', async (t, w) => {
  const scene = await tcpScene(w, async (stream) => {
    const queries: Buffer[] = [];
    for await (const query of queriesOf(stream)) {
      queries.unshift(query);
      if (queries.length < 5) continue;
      for (const each of queries) await stream.send(framed(answerTo(each)));
    }
  });
  const askers = [1, 2, 3, 4, 5].map((index) => scene.ask(`${index}.test`));
  t.deepEqual(await Promise.all(askers.map(endOf)), new Array(5).fill('answer'));
  for (const { shown } of askers) t.is(shown.length, 1);
  await scene.close();
});

rule('case 37: two answers in one segment are two answers', async (t, w) => {
  const scene = await tcpScene(w, async (stream) => {
    const queries: Buffer[] = [];
    for await (const query of queriesOf(stream)) {
      queries.push(query);
      if (queries.length === 2) await stream.send(framed(...queries.map((each) => answerTo(each))));
    }
  });
  const askers = [scene.ask('a.test'), scene.ask('b.test')];
  t.deepEqual(await Promise.all(askers.map(endOf)), ['answer', 'answer']);
  await scene.close();
});

rule('case 37: an answer with another number is counted, and the wait goes on', async (t, w) => {
  const scene = await tcpScene(w, async (stream) => {
    for await (const query of queriesOf(stream)) {
      const other = (query.readUInt16BE(0) + 1) & 0xffff;
      await stream.send(framed(answerTo(query, { id: other }), answerTo(query)));
    }
  });
  const asker = scene.ask('a.test');
  t.is(await endOf(asker), 'answer');
  t.deepEqual(scene.strays, ['late']);
  t.is(asker.shown.length, 1);
  await scene.close();
});

rule('case 37: a message of length 0, or shorter than a header, is counted', async (t, w) => {
  const scene = await tcpScene(w, async (stream) => {
    for await (const query of queriesOf(stream)) {
      const short = answerTo(query).subarray(0, 11);
      await stream.send(framed(Buffer.alloc(0), short, answerTo(query)));
    }
  });
  t.is(await endOf(scene.ask('a.test')), 'answer');
  t.deepEqual(scene.strays, ['short', 'short']);
  await scene.close();
});

rule('case 37: a reset behind a whole answer costs nobody the answer', async (t, w) => {
  const scene = await tcpScene(w, async (stream, index) => {
    for await (const query of queriesOf(stream)) {
      await stream.send(framed(answerTo(query)));
      await stream.flush();
      if (index > 0) continue;
      await stream.recv(); // The next query: the answer was read.
      await stream.close({ how: 'reset' });
      return;
    }
  });
  const first = scene.ask('a.test');
  t.is(await endOf(first), 'answer');
  const second = scene.ask('b.test');
  t.is(await endOf(second), 'answer', 'asked again on a new connection');
  t.deepEqual([first.ends, second.ends, scene.accepted.length], [1, 1, 2]);
  await scene.close();
});

rule('case 37: what an asker does not take leaves it waiting for its own', async (t, w) => {
  const scene = await tcpScene(w, async (stream) => {
    for await (const query of queriesOf(stream)) {
      const other = Buffer.from(answerTo(query));
      other[13] = 'z'.charCodeAt(0);
      await stream.send(framed(other, answerTo(query)));
    }
  });
  const asker = scene.ask('a.test');
  t.is(await endOf(asker), 'answer');
  t.is(asker.shown.length, 2, 'it saw both');
  await scene.close();
});

rule(
  'case 38: FORMERR, then success with the same number, then a reset: answered once',
  async (t, w) => {
    const scene = await tcpScene(w, async (stream) => {
      for await (const query of queriesOf(stream)) {
        await stream.send(framed(answerTo(query, { flags: 0x8181 }), answerTo(query)));
        await stream.flush();
        if (query.includes('last')) await stream.close({ how: 'reset' });
      }
    });
    const asker = scene.ask('a.test');
    t.is(await endOf(asker), 'answer');
    t.is(asker.shown.length, 2);
    const taking = scene.asker('b.test');
    taking.onReply = () => true;
    scene.connection.ask(taking);
    t.is(await endOf(taking), 'answer');
    t.is(await endOf(scene.ask('c.test')), 'answer', 'and the success is nobody’s');
    t.deepEqual(scene.strays, ['late']);
    await scene.close();
    t.deepEqual([asker.ends, taking.ends], [1, 1]);
  },
);

rule('case 39: a server that refuses is told of at once, with the fault', async (t, w) => {
  const scene = await tcpScene(w, obliging);
  await scene.listener.close();
  const asker = scene.ask('a.test');
  const failure = await asker.end;
  if (Buffer.isBuffer(failure)) return t.fail('nobody answers');
  t.deepEqual([failure.code, failure.reused], ['refused', false]);
  t.is(failure.fault?.code, 'refused');
  t.is(scene.connection.links, 0);
  await scene.close();
});

rule('a server that ends a new connection without a word is not asked again', async (t, w) => {
  const scene = await tcpScene(w, (stream) => stream.close());
  t.regex(await endOf(scene.ask('a.test')), /^(closed|reset)$/);
  t.is(scene.accepted.length, 1);
  await scene.close();
});

rule('a connection that was of use and then broke: asked again once on a new one', async (t, w) => {
  const scene = await tcpScene(w, async (stream, index) => {
    for await (const query of queriesOf(stream)) {
      if (query.includes('good') || index === 1) await stream.send(framed(answerTo(query)));
      else await stream.close({ how: 'reset' });
    }
  });
  t.is(await endOf(scene.ask('good.test')), 'answer');
  const asker = scene.ask('bad.test');
  t.is(await endOf(asker), 'answer');
  t.is(scene.accepted.length, 2);
  await scene.close();
});

rule('and once only: broken again, it fails as reused', async (t, w) => {
  const scene = await tcpScene(w, async (stream) => {
    for await (const query of queriesOf(stream)) {
      if (query.includes('good')) await stream.send(framed(answerTo(query)));
      else await stream.close({ how: 'reset' });
    }
  });
  t.is(await endOf(scene.ask('good.test')), 'answer');
  const asker = scene.ask('bad.test');
  t.regex(await endOf(asker), /^(reset|closed)/);
  t.is(asker.ends, 1);
  t.is(scene.accepted.length, 2);
  await scene.close();
});

rule(
  'a server that takes one query per connection is asked on two, not on ever more',
  async (t, w) => {
    const scene = await tcpScene(w, async (stream) => {
      for await (const query of queriesOf(stream)) {
        await stream.send(framed(answerTo(query)));
        await stream.close();
        return;
      }
    });
    const askers = [scene.ask('a.test'), scene.ask('b.test'), scene.ask('c.test')];
    const ends = await Promise.all(askers.map(endOf));
    t.deepEqual(ends.slice(0, 2), ['answer', 'answer']);
    t.regex(ends[2] as string, /^(closed|reset) \(reused\)$/);
    t.is(scene.accepted.length, 2);
    await scene.close();
  },
);

rule('who leaves hears nothing, and a late answer is counted', async (t, w) => {
  const held: Buffer[] = [];
  const scene = await tcpScene(w, async (stream) => {
    for await (const query of queriesOf(stream)) {
      held.push(query);
      if (held.length === 2) for (const each of held) await stream.send(framed(answerTo(each)));
    }
  });
  const leaving = scene.ask('a.test');
  t.is(scene.connection.waiting, 1);
  while (held.length === 0) await new Promise<void>((resolve) => w.port.loop.post(resolve));
  scene.connection.leave(leaving);
  scene.connection.leave(leaving);
  t.is(scene.connection.waiting, 0);
  t.is(await endOf(scene.ask('b.test')), 'answer');
  t.is(leaving.ends, 0);
  t.deepEqual(scene.strays, ['late']);
  await scene.close();
});

rule('who leaves before the connection is open leaves no socket behind', async (t, w) => {
  const scene = await tcpScene(w, obliging);
  const asker = scene.ask('a.test');
  scene.connection.leave(asker);
  await scene.close();
  t.is(asker.ends, 0);
  t.is(scene.connection.links, 0);
});

rule(
  'case 46: close with 1,000 that wait: each is told once, and not within the call',
  async (t, w) => {
    const scene = await tcpScene(w, async (stream) => {
      for await (const _ of queriesOf(stream));
    });
    const askers = Array.from({ length: TCP_QUERIES_MAX }, (_, i) => scene.ask(`${i}.test`));
    t.false(scene.connection.ask(scene.asker('one-more.test')), 'one past the bound is refused');
    scene.connection.close();
    t.true(askers.every(({ ends }) => ends === 0));
    const ends = await Promise.all(askers.map(endOf));
    t.deepEqual([...new Set(ends)], ['cancelled']);
    t.true(askers.every(({ ends: times }) => times === 1));
    t.false(scene.connection.ask(scene.asker('after.test')), 'nothing is asked after close');
    await scene.close();
  },
);

rule('case 46: an asker that closes, leaves or asks within its callback', async (t, w) => {
  const scene = await tcpScene(w, obliging);
  const again = scene.asker('again.test');
  let rounds = 0;
  again.onReply = () => {
    rounds += 1;
    if (rounds < 3) t.true(scene.connection.ask(again), 'itself, from its own reply');
    return true;
  };
  t.true(scene.connection.ask(again));
  while (rounds < 3) await new Promise<void>((resolve) => w.port.loop.post(resolve));
  t.is(scene.connection.waiting, 0);
  const closing = scene.asker('closing.test');
  const other = scene.ask('other.test');
  other.onReply = () => {
    scene.connection.leave(other);
    return false;
  };
  closing.onReply = () => {
    scene.connection.close();
    return true;
  };
  const failing = scene.asker('failing.test');
  failing.onReply = () => false;
  scene.connection.ask(failing);
  scene.connection.ask(closing);
  t.is(await endOf(closing), 'answer');
  t.is(await endOf(failing), 'cancelled (reused)');
  t.deepEqual([closing.ends, other.ends, failing.ends], [1, 0, 1]);
  await scene.close();
});

rule(
  'messages in a row that answer nothing: the bound is waited out, one more is not',
  async (t, w) => {
    const scene = await tcpScene(w, async (stream) => {
      for await (const query of queriesOf(stream)) {
        const more = query.includes('more') ? 1 : 0;
        await stream.send(Buffer.alloc(2 * (TCP_STRAYS_MAX + more)));
        await stream.send(framed(answerTo(query)));
      }
    });
    t.is(await endOf(scene.ask('bound.test')), 'answer');
    t.is(await endOf(scene.ask('one-more.test')), 'limit (reused)');
    await scene.close();
  },
);

rule('a query over the bound, or without a whole header, is refused', async (t, w) => {
  const scene = await tcpScene(w, obliging);
  const sized = (bytes: number) =>
    Object.assign(scene.asker('a.test'), { query: Buffer.alloc(bytes) });
  t.false(scene.connection.ask(sized(11)));
  t.false(scene.connection.ask(sized(TCP_QUERY_BYTES_MAX + 1)));
  t.is(scene.connection.links, 0);
  const longest = sized(TCP_QUERY_BYTES_MAX);
  longest.onReply = () => true;
  t.true(scene.connection.ask(longest));
  t.is(await endOf(longest), 'answer');
  t.true(scene.connection.links <= TCP_LINKS_MAX);
  await scene.close();
});
