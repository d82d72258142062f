import test from 'ava';
import { ClientWorld, ok, TIMEOUTS } from './client-world.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

test('a response is told as it comes, and the connection can be used again', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes(ok('hello').slice(0, -2));
  world.comes('lo');
  t.deepEqual(world.told, ['head 200', 'body hel', 'body lo', 'end, reusable']);
  t.is(world.parsers.lent, 0);
  world.asks();
  world.comes(ok('again'));
  t.deepEqual(world.told.slice(4), ['head 200', 'body again', 'end, reusable']);
  t.is(world.connection.exchanges, 2);
  t.is(world.connection.responseBytes, ok('again').length);
});

test('a response that comes byte by byte is one response', (t) => {
  const world = new ClientWorld();
  world.asks();
  for (const byte of `${CONTINUE}${ok('hi')}`) world.comes(byte);
  t.deepEqual(world.told, ['head 200', 'body h', 'body i', 'end, reusable']);
});

test('a response without a body ends with its head', (t) => {
  for (const status of ['204 No Content', '304 Not Modified']) {
    const world = new ClientWorld();
    world.asks();
    world.comes(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\n`);
    t.regex(world.told.join(), /^head (?:204|304),end, reusable$/);
  }
});

test('the answer to HEAD ends with its head', (t) => {
  const world = new ClientWorld();
  world.asks(true);
  world.comes('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
  t.deepEqual(world.told, ['head 200', 'end, reusable']);
});

test('an answer to HEAD with a body leaves a connection that is not reusable', (t) => {
  const world = new ClientWorld();
  world.asks(true);
  world.comes(ok('hello'));
  t.deepEqual(world.told, ['head 200', 'end, used up']);
});

test('bytes behind a response leave a connection that is not reusable', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes(`${ok('hello')}x`);
  t.deepEqual(world.told, ['head 200', 'body hello', 'end, used up']);
});

test('bytes behind a response that came in pieces leave it not reusable, too', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes(ok('').slice(0, 10));
  world.comes(`${ok('').slice(10)}${ok('')}`);
  t.deepEqual(world.told, ['head 200', 'end, used up']);
});

test('a response that says close leaves a connection that is not reusable', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes(ok('hello', 'Connection: close'));
  t.deepEqual(world.told, ['head 200', 'body hello', 'end, used up']);
});

test('a response before the request is sent leaves a connection that is not reusable', (t) => {
  const world = new ClientWorld();
  world.port.sendsAtOnce = false;
  world.asks();
  world.comes(ok('early'));
  t.deepEqual(world.told, ['head 200', 'body early', 'end, used up']);
});

test('a body without a length ends with the connection', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes('HTTP/1.1 200 OK\r\n\r\nhel');
  world.comes('lo');
  world.eof();
  t.deepEqual(world.told, ['head 200', 'body hel', 'body lo', 'end, used up']);
});

test('a body without a length that ends in a reset is cut', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes('HTTP/1.1 200 OK\r\n\r\nhel');
  world.reset();
  t.deepEqual(world.told, ['head 200', 'body hel', 'failed closed, reset']);
});

test('an end in the middle of a body, of a head, or before it is a failure', (t) => {
  for (const pieces of [
    [ok('hello').slice(0, -1)],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n'],
    ['HTTP/1.1 2'],
    [CONTINUE],
    [],
  ]) {
    const world = new ClientWorld();
    world.asks();
    for (const piece of pieces) world.comes(piece);
    world.eof();
    t.is(world.told.at(-1), 'failed closed');
    t.is(world.told.filter((line) => line.startsWith('failed')).length, 1);
    t.is(world.close?.how, 'reset');
    t.is(world.parsers.lent, 0);
  }
});

test('ten interim responses are consumed, and an eleventh is a failure', (t) => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
  const world = new ClientWorld();
  world.asks();
  world.comes(CONTINUE + early.repeat(9) + ok('hi'));
  t.deepEqual(world.told, ['head 200', 'body hi', 'end, reusable']);
  world.asks();
  world.comes(early.repeat(10));
  world.comes(early);
  t.deepEqual(world.told.slice(3), ['failed TOO_MANY_INTERIM']);
});

test('101 that nobody asked for is a failure', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n');
  t.deepEqual(world.told, ['failed BAD_STATUS_LINE']);
});

test('what is no HTTP is a failure, told once, and resets the connection', (t) => {
  for (const text of ['<html>hello</html>', 'SSH-2.0-x\r\n', 'HTTP/1.1 200 OK\nA: b\n\n']) {
    const world = new ClientWorld();
    world.asks();
    world.comes(text);
    t.deepEqual(world.told, ['failed BAD_STATUS_LINE']);
    t.is(world.close?.how, 'reset');
    t.is(world.close?.lingerMs, 0);
    t.is(world.recv, undefined);
    t.is(world.parsers.lent, 0);
  }
});

test('a bad chunk behind good ones is a failure', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
  world.comes('zz\r\n');
  t.deepEqual(world.told, ['head 200', 'body x', 'failed BAD_CHUNK_SIZE']);
});

test('an endless head is a failure at its bound', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes('HTTP/1.1 200 OK\r\n');
  const line = `A: ${'b'.repeat(1021)}\r\n`;
  for (let i = 0; i < 33 && world.recv !== undefined; i += 1) world.comes(line);
  t.deepEqual(world.told, ['failed HEAD_TOO_LARGE']);
});

test('a server that does not answer in time is a failure', (t) => {
  const world = new ClientWorld();
  world.asks();
  t.is(world.expires(), TIMEOUTS.readMs);
  t.deepEqual(world.told, ['failed read timeout']);
});

test('a server that stops in the middle of a body is a failure', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes(ok('hello').slice(0, -1));
  t.is(world.expires(), TIMEOUTS.readMs);
  t.is(world.told.at(-1), 'failed read timeout');
});

test('a server has its time from when it has the request', (t) => {
  const world = new ClientWorld();
  world.port.sendsAtOnce = false;
  world.asks();
  world.host.now += 70;
  world.sendDone();
  t.is(world.expires(), TIMEOUTS.readMs);
  t.deepEqual(world.told, ['failed read timeout']);
});

test('a server is not late while it still takes the request', (t) => {
  const world = new ClientWorld();
  world.port.sendsAtOnce = false;
  world.asks();
  world.expires();
  t.deepEqual(world.told, []);
  world.sendDone();
  world.comes(ok('hi'));
  t.deepEqual(world.told, ['head 200', 'body hi', 'end, reusable']);
});

test('a server that does not take the request in time is a failure', (t) => {
  const world = new ClientWorld();
  world.port.sendsAtOnce = false;
  world.asks();
  t.is(world.port.oldest('send')?.deadlineMs, world.host.now + TIMEOUTS.sendMs);
  world.does(() => world.port.end('send', 'expired'));
  t.deepEqual(world.told, ['failed write timeout']);
});

test('no more of a response is read while it is paused', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.does(() => world.connection.pauseResponse());
  world.comes(ok('hello').slice(0, -2));
  t.is(world.recv, undefined);
  world.does(() => world.connection.resumeResponse());
  world.comes('lo');
  t.deepEqual(world.told, ['head 200', 'body hel', 'body lo', 'end, reusable']);
});

test('a server is not late while its response is paused', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes(ok('hello').slice(0, -5));
  world.does(() => world.connection.pauseResponse());
  world.expires();
  t.deepEqual(world.told, ['head 200']);
  world.does(() => world.connection.resumeResponse());
  world.comes('hello');
  t.is(world.told.at(-1), 'end, reusable');
});

test('a response that came before the server stopped reading is told', (t) => {
  for (const answered of [0, 10, ok('no').length - 1]) {
    const world = new ClientWorld();
    world.port.sendsAtOnce = false;
    world.asks();
    if (answered > 0) world.comes(ok('no').slice(0, answered));
    world.sendFails();
    t.false(
      world.told.some((line) => line.startsWith('failed')),
      'the receive will tell',
    );
    world.comes(ok('no').slice(answered));
    t.is(world.told.at(-1), 'end, used up');
  }
});

test('a server that stopped reading and says nothing is a failure, told once', (t) => {
  const world = new ClientWorld();
  world.port.sendsAtOnce = false;
  world.asks();
  world.sendFails();
  world.reset();
  t.deepEqual(world.told, ['failed closed, reset']);
});

test('an idle connection that gets bytes is destroyed, and its owner is told', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes(ok('hi'));
  world.rests();
  world.comes('HTTP/1.1 408 Request Timeout\r\n\r\n');
  t.deepEqual(world.told.slice(3), ['gone']);
  t.is(world.close?.how, 'reset');
  t.false(world.connection.reusable);
});

test('an idle connection whose server leaves is destroyed, and its owner is told', (t) => {
  for (const leaves of ['eof', 'reset', 'expires'] as const) {
    const world = new ClientWorld();
    world.asks();
    world.comes(ok('hi'));
    world.rests();
    const waitedMs = world[leaves]();
    if (leaves === 'expires') t.is(waitedMs, TIMEOUTS.idleMs);
    t.deepEqual(world.told.slice(3), ['gone'], leaves);
    t.is(world.close?.how, 'reset');
  }
});

test('a connection that is destroyed tells nobody', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.comes('HTTP/1.1 2');
  world.does(() => {
    world.connection.destroy();
    world.connection.destroy();
  });
  world.reset();
  t.deepEqual(world.told, []);
  t.is(world.port.pending.filter(({ kind }) => kind === 'close').length, 1);
  t.is(world.parsers.lent, 0);
});

test('a connection that is destroyed when the head is told shows nothing more', (t) => {
  const world = new ClientWorld();
  world.exchange.responseHead = () => world.connection.destroy();
  world.asks();
  world.comes(ok('hello'));
  t.deepEqual(world.told, []);
  t.is(world.parsers.lent, 0);
});

test('the levels of the outbox are told to the exchange', (t) => {
  const world = new ClientWorld();
  world.port.sendsAtOnce = false;
  world.asks(false, 'x'.repeat(64 * 1024 + 1));
  world.sendDone();
  t.deepEqual(world.told, ['level high', 'level open']);
});

test('the next exchange may begin when the end of the one before it is told', (t) => {
  const world = new ClientWorld();
  const { exchange } = world;
  exchange.responseEnd = () => {
    world.told.push('end');
    if (world.connection.exchanges < 3) world.connection.begin(exchange, false);
  };
  world.asks();
  for (const text of ['a', 'b', 'c']) world.comes(ok(text));
  t.deepEqual(
    world.told.filter((line) => line !== 'head 200'),
    ['body a', 'end', 'body b', 'end', 'body c', 'end'],
  );
});
