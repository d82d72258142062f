import test from 'ava';
import { get, post, ServerWorld, TIMEOUTS } from './server-world.ts';

test('a head that does not come to its end in time is answered with 408', (t) => {
  const world = new ServerWorld('at once');
  world.comes('GET / HT');
  t.is(world.expires(), TIMEOUTS.headMs);
  t.deepEqual(world.told, ['refused TIMEOUT']);
  t.deepEqual(world.statuses, ['408']);
  t.is(world.close?.how, 'graceful');
  t.is(world.parsers.lent, 0);
});

test('a later head that does not come to its end in time is answered with 408, too', (t) => {
  const world = new ServerWorld('at once');
  world.comes(get('/1') + get('/2').slice(0, 5));
  t.is(world.expires(), TIMEOUTS.headMs);
  t.deepEqual(world.statuses, ['200', '408']);
});

test('a body that stops is answered with 408, and the exchange is told', (t) => {
  const world = new ServerWorld('at the end');
  world.comes(post('hello').slice(0, -2));
  t.is(world.expires(), TIMEOUTS.bodyMs);
  t.deepEqual(world.told, ['request /up', 'body hel', 'failed TIMEOUT']);
  t.deepEqual(world.statuses, ['408']);
});

test('an idle connection closes in time without a word', (t) => {
  const world = new ServerWorld('at once');
  world.comes(get('/1'));
  t.is(world.expires(), TIMEOUTS.idleMs);
  t.deepEqual(world.statuses, ['200']);
  t.is(world.close?.how, 'graceful');
  world.closes();
  t.deepEqual(world.told, ['request /1', 'closed']);
});

test('empty lines do not keep an idle connection open', (t) => {
  const world = new ServerWorld('at once');
  world.comes('\r\n');
  world.comes('\r\n');
  t.deepEqual(world.statuses, ['400']);
});

test('a client that has ended its side is still answered', (t) => {
  const world = new ServerWorld('by hand');
  world.comes(get('/1'));
  world.eof();
  t.deepEqual(world.told, ['request /1']);
  t.is(world.close, undefined);
  world.does(() => world.answer());
  t.deepEqual(world.statuses, ['200']);
  t.is(world.close?.how, 'graceful');
});

test('all requests of a client that has ended its side are answered', (t) => {
  const world = new ServerWorld('by hand');
  world.comes(get('/1') + get('/2'));
  t.is(world.recv, undefined, 'the end is behind what waits here');
  world.does(() => world.answer());
  world.eof();
  world.does(() => world.answer());
  t.deepEqual(world.told, ['request /1', 'request /2']);
  t.deepEqual(world.statuses, ['200', '200']);
  t.is(world.close?.how, 'graceful');
});

test('an idle client that leaves is let go', (t) => {
  const world = new ServerWorld('at once');
  world.eof();
  t.is(world.close?.how, 'graceful');
  world.closes();
  t.deepEqual(world.told, ['closed']);
});

test('half a head and an end cost no answer that is still on its way', (t) => {
  const world = new ServerWorld('at once');
  world.port.sendsAtOnce = false;
  world.comes(get('/1') + get('/2').slice(0, 5));
  world.eof();
  t.is(world.close, undefined);
  world.sendDone();
  t.deepEqual(world.statuses, ['200']);
  t.is(world.close?.how, 'graceful');
  t.is(world.parsers.lent, 0);
});

test('a client that ends in the middle of its body is gone, and the exchange is told once', (t) => {
  const world = new ServerWorld('at the end');
  world.comes(post('hello').slice(0, -2));
  world.eof();
  t.deepEqual(world.told, ['request /up', 'body hel', 'failed gone']);
  t.is(world.close?.how, 'reset');
  world.closes();
  t.deepEqual(world.told.slice(-2), ['failed gone', 'closed']);
});

test('a client that is gone while it is answered is told once', (t) => {
  const world = new ServerWorld('by hand');
  world.comes(get('/1'));
  world.reset();
  world.closes();
  t.deepEqual(world.told, ['request /1', 'failed gone', 'closed']);
  t.is(world.parsers.lent, 0);
});

test('a failed send and a failed receive together are told once', (t) => {
  const world = new ServerWorld('by hand');
  world.port.sendsAtOnce = false;
  world.comes(get('/1'));
  world.does(() => world.beginAnswer());
  world.does(() => {
    world.port.end('send', 'failed');
    world.port.end('recv', 'failed');
  });
  t.deepEqual(world.told, ['request /1', 'failed gone']);
  t.is(world.close?.how, 'reset');
});

test('a client that does not take an answer in time is told as gone', (t) => {
  const world = new ServerWorld('by hand');
  world.port.sendsAtOnce = false;
  world.comes(get('/1'));
  world.does(() => world.beginAnswer());
  t.is(world.port.oldest('send')?.deadlineMs, world.host.now + TIMEOUTS.sendMs);
  world.does(() => world.port.end('send', 'expired'));
  t.deepEqual(world.told, ['request /1', 'failed gone']);
  t.is(world.close?.how, 'reset');
});

test('a port that closes ends the connection, and the exchange is told once', (t) => {
  const world = new ServerWorld('by hand');
  world.comes(get('/1'));
  world.does(() => world.port.close());
  t.deepEqual(world.told, ['request /1', 'failed gone', 'closed']);
});

test('the levels of the outbox are told to the exchange', (t) => {
  const world = new ServerWorld('by hand');
  world.port.sendsAtOnce = false;
  world.comes(get('/1'));
  world.does(() => world.connection.send('x'.repeat(64 * 1024 + 1)));
  t.deepEqual(world.told, ['request /1', 'level high']);
  world.sendDone();
  t.deepEqual(world.told, ['request /1', 'level high', 'level open']);
});

test('requests wait while the client does not take the answers', (t) => {
  const world = new ServerWorld('at once', { requestsMax: 10_000 });
  world.port.sendsAtOnce = false;
  const count = 2_000;
  world.comes(Array.from({ length: count }, (_, index) => get(`/${index}`)).join(''));
  t.true(world.told.length < count / 2, `${world.told.length} answers are queued`);
  t.is(world.recv, undefined, 'no more requests are read');
  while (world.port.oldest('send') !== undefined) world.sendDone();
  t.is(world.told.length, count);
  t.deepEqual(
    [...world.sent.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, target]) => target),
    Array.from({ length: count }, (_, index) => `/${index}`),
  );
  t.is(world.close, undefined);
});

test('a connection that waits for its client to take answers is not idle', (t) => {
  const world = new ServerWorld('at once');
  world.port.sendsAtOnce = false;
  world.comes(Array.from({ length: 2_000 }, () => get('/')).join(''));
  const before = world.told.length;
  t.false(world.connection.idle);
  world.does(() => world.connection.closeWhenIdle());
  t.is(world.close, undefined);
  world.sendDone();
  t.is(world.told.length, before + 1, 'the next request is the last one');
  world.sendDone();
  t.is(world.close?.how, 'graceful');
});

test('an answer that the outbox refuses is cut, and not lost in silence', (t) => {
  const world = new ServerWorld('by hand');
  world.port.sendsAtOnce = false;
  world.comes(get('/1') + get('/2'));
  world.does(() => {
    world.connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n');
    world.connection.send('x'.repeat(2 * 1024 * 1024));
    world.connection.endResponse(true);
  });
  t.deepEqual(world.told, ['request /1'], 'the next answer would be read as a part of this one');
  t.is(world.close?.how, 'reset');
});
