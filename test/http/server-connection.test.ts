import test from 'ava';
import { get, post, ServerWorld, TIMEOUTS } from './server-world.ts';

test('a connection stays open after an answer, and has no parser while it is idle', (t) => {
  const world = new ServerWorld('at once');
  world.comes(get('/1'));
  t.is(world.parsers.lent, 0);
  t.true(world.connection.idle);
  world.comes(get('/2'));
  t.deepEqual(world.told, ['request /1', 'request /2']);
  t.deepEqual(world.statuses, ['200', '200']);
  t.is(world.close, undefined);
});

test('64 requests in one segment are answered in order and leave in one send', (t) => {
  const world = new ServerWorld('at once');
  const targets = Array.from({ length: 64 }, (_, index) => `/${index}`);
  world.comes(targets.map((target) => get(target)).join(''));
  t.deepEqual(
    [...world.sent.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, target]) => target),
    targets,
  );
  t.is(world.sends, 1);
});

test('requests sent ahead wait until the one before them is answered', (t) => {
  const world = new ServerWorld('by hand');
  world.comes(get('/1') + get('/2') + get('/3').slice(0, 9));
  t.deepEqual(world.told, ['request /1']);
  t.is(world.recv, undefined, 'what else comes is left with the kernel');
  world.does(() => world.answer());
  t.deepEqual(world.told, ['request /1', 'request /2']);
  world.does(() => world.answer());
  world.comes(get('/3').slice(9));
  world.does(() => world.answer());
  t.deepEqual(world.told, ['request /1', 'request /2', 'request /3']);
  t.deepEqual(world.statuses, ['200', '200', '200']);
});

test('a head that comes byte by byte is one request', (t) => {
  const world = new ServerWorld('at once');
  for (const byte of get('/slow')) world.comes(byte);
  t.deepEqual(world.told, ['request /slow']);
  t.deepEqual(world.statuses, ['200']);
});

test('one empty line before a request is ignored, wherever it is cut', (t) => {
  const wire = `\r\n${get('/1')}\r\n${get('/2')}`;
  for (let at = 0; at < wire.length; at += 1) {
    const world = new ServerWorld('at once');
    if (at > 0) world.comes(wire.slice(0, at));
    world.comes(wire.slice(at));
    t.deepEqual(world.told, ['request /1', 'request /2'], `cut at ${at}`);
  }
});

test('two empty lines before a request are refused, however they come', (t) => {
  for (const pieces of [['\r\n\r\n'], ['\r\n', '\r\n'], ['\r', '\n\r', '\n']]) {
    const world = new ServerWorld('at once');
    for (const piece of pieces) if (world.recv !== undefined) world.comes(piece);
    t.deepEqual(world.told, ['refused BAD_METHOD'], JSON.stringify(pieces));
    t.deepEqual(world.statuses, ['400']);
  }
});

test('a body is shown as it comes, and its end is told once', (t) => {
  const world = new ServerWorld('at the end');
  world.comes(post('hello').slice(0, -3));
  world.comes('llo');
  t.deepEqual(world.told, ['request /up', 'body he', 'body llo', 'end']);
  t.deepEqual(world.statuses, ['200']);
  t.is(world.close, undefined);
});

test('a chunked body is shown without its framing, and the next request follows', (t) => {
  const world = new ServerWorld('at the end');
  const head = 'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
  world.comes(`${head}2\r\nab\r\n1;x\r\nc\r\n0\r\nA: b\r\n\r\n${get('/2')}`);
  t.deepEqual(world.told, ['request /up', 'body ab', 'body c', 'end', 'request /2']);
});

test('no more of a body is shown while it is paused', (t) => {
  const world = new ServerWorld('at the end');
  world.comes(post('hello').slice(0, -4));
  world.does(() => world.connection.pauseRequest());
  world.comes('el');
  t.is(world.recv, undefined, 'nothing more is read');
  t.deepEqual(world.told, ['request /up', 'body h']);
  world.does(() => world.connection.resumeRequest());
  world.comes('lo');
  t.deepEqual(world.told, ['request /up', 'body h', 'body el', 'body lo', 'end']);
});

test('a paused body that does not come is not the client’s fault', (t) => {
  const world = new ServerWorld('at the end');
  world.comes(post('hello').slice(0, -5));
  world.does(() => world.connection.pauseRequest());
  world.expires();
  t.deepEqual(world.statuses, []);
  world.does(() => world.connection.resumeRequest());
  world.comes('hello');
  t.deepEqual(world.told, ['request /up', 'body hello', 'end']);
});

test('who waits for 100 gets it before the body is there, and once', (t) => {
  const world = new ServerWorld('at the end');
  world.comes(post('hello', 'Expect: 100-continue').slice(0, -5));
  t.is(world.sent, 'HTTP/1.1 100 Continue\r\n\r\n');
  world.comes('he');
  world.comes('llo');
  t.deepEqual(world.statuses, ['100', '200']);
});

test('who waits for 100 gets it when the body is wanted, not while it is paused', (t) => {
  const world = new ServerWorld('by hand');
  world.pausesFirst = true;
  world.comes(post('hello', 'Expect: 100-continue').slice(0, -5));
  t.is(world.sent, '');
  world.does(() => world.connection.resumeRequest());
  t.is(world.sent, 'HTTP/1.1 100 Continue\r\n\r\n');
  world.comes('hello');
  world.does(() => world.answer());
  t.deepEqual(world.statuses, ['100', '200']);
});

test('who waits for 100 and is answered without it gets only the answer', (t) => {
  const atOnce = new ServerWorld('at once');
  atOnce.comes(post('hello', 'Expect: 100-continue').slice(0, -5));
  t.deepEqual(atOnce.statuses, ['200']);
  const later = new ServerWorld('by hand');
  later.pausesFirst = true;
  later.comes(post('hello', 'Expect: 100-continue').slice(0, -5));
  later.does(() => later.beginAnswer());
  later.does(() => later.connection.resumeRequest());
  t.deepEqual(later.statuses, ['200']);
});

test('who waits for 100 without a body gets only the answer', (t) => {
  const world = new ServerWorld('at once');
  world.comes(get('/', 'Expect: 100-continue'));
  t.deepEqual(world.statuses, ['200']);
});

test('a client of HTTP/1.0 gets no 100', (t) => {
  const world = new ServerWorld('at the end');
  world.comes(post('ok', 'Expect: 100-continue').replace('HTTP/1.1', 'HTTP/1.0'));
  t.deepEqual(world.statuses, ['200']);
});

test('a length over the limit is answered with 413 before any of the body, and no 100', (t) => {
  const world = new ServerWorld('at the end', { bodyBytesMax: 5 });
  world.comes(post('123456', 'Expect: 100-continue').slice(0, -6));
  t.deepEqual(world.told, ['refused BODY_TOO_LARGE']);
  t.deepEqual(world.statuses, ['413']);
  t.is(world.close?.how, 'graceful');
  t.true((world.close?.lingerMs ?? 0) > 0, 'what still comes must not become a reset');
});

test('a length at the limit is taken', (t) => {
  const world = new ServerWorld('at the end', { bodyBytesMax: 5 });
  world.comes(post('12345'));
  t.deepEqual(world.statuses, ['200']);
});

test('a chunked body over the limit is answered with 413, and the exchange is told', (t) => {
  const world = new ServerWorld('at the end', { bodyBytesMax: 5 });
  const head = 'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
  world.comes(`${head}5\r\n12345\r\n`);
  t.deepEqual(world.statuses, []);
  world.comes('1\r\n6\r\n');
  t.deepEqual(world.told, ['request /up', 'body 12345', 'failed BODY_TOO_LARGE']);
  t.deepEqual(world.statuses, ['413']);
});

test('bad chunks are answered with 400 when nothing was answered yet', (t) => {
  const world = new ServerWorld('at the end');
  world.comes('POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx');
  t.deepEqual(world.told, ['request /up', 'failed BAD_CHUNK_SIZE']);
  t.deepEqual(world.statuses, ['400']);
  t.is(world.parsers.lent, 0);
});

test('bad chunks cut an answer that is under way', (t) => {
  const world = new ServerWorld('by hand');
  world.comes('POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  world.does(() => world.beginAnswer());
  world.comes('x');
  t.deepEqual(world.told, ['request /up', 'failed BAD_CHUNK_SIZE']);
  t.deepEqual(world.statuses, ['200'], 'no second status in the middle of a body');
  t.is(world.close?.how, 'reset');
});

test('a bad request that was sent ahead does not cost the answer before it', (t) => {
  const world = new ServerWorld('at once');
  world.comes(`${get('/1')}GET /bad HTTP/1.1\r\n\r\n`);
  t.deepEqual(world.told, ['request /1', 'refused BAD_HOST']);
  t.deepEqual(world.statuses, ['200', '400']);
  t.is(world.close?.how, 'graceful');
});

test('a bad request after an answered one is answered', (t) => {
  const world = new ServerWorld('at once');
  world.comes(get('/1'));
  world.comes('bad\r\n');
  t.deepEqual(world.statuses, ['200', '400']);
  t.is(world.close?.how, 'graceful');
});

test('what comes behind a refused message is not read', (t) => {
  const world = new ServerWorld('at once');
  world.comes(`GET / HTTP/1.1\r\n\r\n${get('/2')}`);
  t.deepEqual(world.told, ['refused BAD_HOST']);
  world.closes();
  t.deepEqual(world.told, ['refused BAD_HOST', 'closed']);
});

test('an answer before the end of the body closes the connection, lingering', (t) => {
  const world = new ServerWorld('by hand');
  world.comes(post('hello').slice(0, -3));
  world.does(() => world.answer('early'));
  t.deepEqual(world.statuses, ['200']);
  t.regex(world.sent, /\r\nConnection: close\r\n/);
  t.is(world.close?.how, 'graceful');
  t.true((world.close?.lingerMs ?? 0) > 0);
  t.deepEqual(world.told, ['request /up', 'body he'], 'it is over for the exchange');
});

test('an answer within the call that shows the body closes the connection', (t) => {
  const world = new ServerWorld('at once');
  world.comes(post('hello') + get('/2'));
  t.deepEqual(world.told, ['request /up']);
  t.is(world.close?.how, 'graceful');
});

test('the request that reaches the limit is the last one', (t) => {
  const world = new ServerWorld('at once', { requestsMax: 2 });
  world.comes(get('/1') + get('/2') + get('/3'));
  t.deepEqual(world.told, ['request /1', 'request /2']);
  t.is(world.sent.match(/Connection: close/g)?.length, 1);
  t.is(world.close?.how, 'graceful');
});

test('the connection closes after a request that says so, and what follows is ignored', (t) => {
  const world = new ServerWorld('at once');
  world.comes(get('/1', 'Connection: close') + get('/2'));
  t.deepEqual(world.told, ['request /1']);
  t.is(world.close?.how, 'graceful');
  t.true((world.close?.lingerMs ?? 0) > 0, 'unread bytes must not become a reset');
});

test('an idle connection closes when it is asked to, a busy one after its answer', (t) => {
  const idle = new ServerWorld('at once');
  idle.does(() => idle.connection.closeWhenIdle());
  t.is(idle.close?.how, 'graceful');
  const busy = new ServerWorld('by hand');
  busy.comes(get('/1'));
  busy.does(() => busy.connection.closeWhenIdle());
  t.is(busy.close, undefined);
  busy.does(() => busy.answer());
  t.regex(busy.sent, /Connection: close/);
  t.is(busy.close?.how, 'graceful');
});

test('a connection that has sent half a head when it is asked to close is answered first', (t) => {
  const world = new ServerWorld('at once');
  world.comes(get('/1').slice(0, 5));
  world.does(() => world.connection.closeWhenIdle());
  t.is(world.close, undefined);
  world.comes(get('/1').slice(5));
  t.deepEqual(world.statuses, ['200']);
  t.is(world.close?.how, 'graceful');
});

test('the close comes after the answer is with the kernel', (t) => {
  const world = new ServerWorld('at once');
  world.port.sendsAtOnce = false;
  world.comes(get('/1', 'Connection: close'));
  t.is(world.close, undefined);
  world.sendDone();
  t.is(world.close?.how, 'graceful');
});

test('a cut answer resets the connection', (t) => {
  const world = new ServerWorld('by hand');
  world.comes(get('/1'));
  world.does(() => {
    world.beginAnswer();
    world.connection.abort();
  });
  t.is(world.close?.how, 'reset');
  world.closes();
  t.deepEqual(world.told, ['request /1', 'closed'], 'who cuts it is not told that it is cut');
  t.is(world.parsers.lent, 0);
});

test('timeouts are those of the phase', (t) => {
  const world = new ServerWorld('by hand');
  const waitMs = () => (world.recv?.deadlineMs ?? Number.NaN) - world.host.now;
  t.is(waitMs(), TIMEOUTS.idleMs);
  world.comes('P');
  t.is(waitMs(), TIMEOUTS.headMs);
  world.host.now += 60;
  world.comes('OST /up HTTP/1.1\r\n');
  t.is(waitMs(), TIMEOUTS.headMs - 60, 'the whole head has one deadline');
  world.comes('Host: a\r\nContent-Length: 5\r\n\r\nh');
  t.is(waitMs(), TIMEOUTS.bodyMs);
  world.host.now += 60;
  world.comes('el');
  t.is(waitMs(), TIMEOUTS.bodyMs, 'a body has one between two reads');
  world.comes('lo');
  t.is(world.recv?.deadlineMs, 0, 'none while we answer');
  world.does(() => world.answer());
  t.is(waitMs(), TIMEOUTS.idleMs);
});
