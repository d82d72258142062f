import test from 'ava';
import type { SocketTaker } from '../../src/http/server-options.ts';
import { ClientWorld, ok } from './client-world.ts';
import { get, ServerWorld } from './server-world.ts';
import type { WireWorld } from './wire-world.ts';

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n';

/** Takes a socket and writes down what it is told. */
class Taker implements SocketTaker {
  readonly told: string[] = [];

  take(socket: number, carried: Uint8Array): void {
    this.told.push(`${socket}: ${Buffer.from(carried).toString('latin1')}`);
  }

  stop(): void {
    this.told.push('stop');
  }
}

/** A client's connection whose request has been answered with 101. */
function switched(sends: 'at once' | 'by hand', ahead = ''): readonly [ServerWorld, Taker] {
  const world = new ServerWorld('by hand');
  const taker = new Taker();
  world.port.sendsAtOnce = sends === 'at once';
  world.comes(get('/') + ahead);
  world.does(() => {
    world.connection.send(SWITCHING);
    world.connection.detach(taker);
  });
  return [world, taker];
}

test('a client socket goes with what was sent ahead, once the head is with the kernel', (t) => {
  const [world, taker] = switched('by hand', 'ahead');
  t.deepEqual(taker.told, []);
  world.sendDone();
  t.deepEqual(taker.told, ['1: ahead']);
  t.is(world.sent, SWITCHING);
  t.is(world.recv, undefined);
  t.is(world.port.pending.length, 0);
});

test('a client socket goes only after its receive has ended, with what that brought', (t) => {
  const [world, taker] = switched('by hand');
  const { port } = world;
  t.is(world.recv, undefined, 'it was cancelled');
  world.sendDone();
  t.deepEqual(taker.told, ['1: ']);

  const late = new ServerWorld('by hand');
  late.port.sendsAtOnce = true;
  late.port.cancel = () => {}; // The kernel was faster.
  late.comes(get('/'));
  const other = new Taker();
  late.does(() => {
    late.connection.send(SWITCHING);
    late.connection.detach(other);
  });
  t.deepEqual(other.told, []);
  late.comes('late');
  t.deepEqual(other.told, ['1: late']);
  t.is(late.recv, undefined);
  t.is(port.pending.length, 0);
});

test('the end of what a client sends is the taker to find', (t) => {
  const world = new ServerWorld('by hand');
  const taker = new Taker();
  world.comes(get('/'));
  world.eof();
  world.does(() => {
    world.connection.send(SWITCHING);
    world.connection.detach(taker);
  });
  t.deepEqual(taker.told, ['1: ']);
});

test('a client that is lost before its socket goes fails the exchange', (t) => {
  const [world, taker] = switched('by hand');
  world.sendFails();
  t.deepEqual(taker.told, []);
  t.deepEqual(world.told, ['request /', 'failed gone']);
  t.is(world.close?.how, 'reset');
  world.closes();
  t.is(world.told.at(-1), 'closed');
  t.is(world.activities.lent, 0);
});

test('the head of a request stays until its socket is closed', (t) => {
  const [world, taker] = switched('at once');
  t.is(world.connection.head.target, '/');
  t.false(world.connection.idle);
  t.is(world.activities.lent, 1);
  world.does(() => world.connection.socketClosed());
  t.deepEqual(world.told, ['request /', 'closed']);
  t.is(world.activities.lent, 0);
  t.is(world.parsers.lent, 0);
  t.deepEqual(taker.told, ['1: ']);
});

test('a connection whose socket has gone is ended by its taker, and only when it must', (t) => {
  const [world, taker] = switched('at once');
  world.does(() => world.connection.closeWhenIdle());
  world.does(() => world.connection.abort());
  t.deepEqual(taker.told, ['1: ']);
  world.does(() => world.connection.destroy());
  t.deepEqual(taker.told, ['1: ', 'stop']);
  t.is(world.close, undefined);
  t.deepEqual(world.told, ['request /'], 'the exchange hears nothing of it');
});

/** A server's connection that was asked to switch, and what its socket went with. */
function asked(answer: string): readonly [ClientWorld, string[]] {
  const world = new ClientWorld();
  const taken: string[] = [];
  world.asks();
  world.connection.switches = true;
  world.exchange.responseHead = (head) => {
    world.told.push(`head ${head.status}`);
    if (head.status !== 101) return;
    world.connection.detach((socket, carried) => {
      taken.push(`${socket}: ${Buffer.from(carried).toString('latin1')}`);
    });
  };
  world.comes(answer);
  return [world, taken];
}

test('a 101 that was asked for gives the socket away, with what came behind it', (t) => {
  const [world, taken] = asked(`HTTP/1.1 100 Continue\r\n\r\n${SWITCHING}behind`);
  t.deepEqual(world.told, ['head 101']);
  t.deepEqual(taken, ['1: behind']);
  t.is(world.port.pending.length, 0, 'nothing is received, nothing closed');
  t.is(world.parsers.lent, 0);
  world.does(() => world.connection.destroy());
  t.is(world.close, undefined, 'the socket is no longer its own');
});

test('a 101 in pieces gives the socket away, with what came behind it', (t) => {
  for (let at = 1; at < SWITCHING.length; at += 1) {
    const [world, taken] = asked(SWITCHING.slice(0, at));
    t.deepEqual(taken, []);
    world.comes(`${SWITCHING.slice(at)}behind`);
    t.deepEqual(taken, ['1: behind'], `${at}`);
  }
});

test('another answer than 101 is a response, and the connection can be used again', (t) => {
  const [world, taken] = asked(ok('no'));
  t.deepEqual(world.told, ['head 200', 'body no', 'end, reusable']);
  t.deepEqual(taken, []);
  world.asks();
  world.comes(SWITCHING);
  t.is(world.told.at(-1), 'failed BAD_STATUS_LINE', 'nobody has asked this time');
});

test('behind a 101 nothing is received before the socket goes', (t) => {
  const world = new ClientWorld();
  world.asks();
  world.connection.switches = true;
  world.comes(SWITCHING);
  t.is(world.recv, undefined);
  t.is(world.parsers.lent, 1, 'its head can still be read');
  world.does(() => world.connection.destroy());
  t.is(world.close?.how, 'reset');
  t.is(world.parsers.lent, 0);
});

test('a server socket waits for what is queued for it, and its failure is told', (t) => {
  const world = new ClientWorld();
  const taken: number[] = [];
  world.port.sendsAtOnce = false;
  world.asks();
  world.connection.switches = true;
  world.comes(SWITCHING);
  world.does(() => world.connection.detach((socket) => taken.push(socket)));
  t.deepEqual(taken, []);
  world.sendFails();
  t.deepEqual(taken, []);
  t.is(world.told.at(-1), 'failed closed, reset');
  t.is(world.close?.how, 'reset');
});

/** Ports queue the deadline of an operation, and leave it there for the operation's next use. */
function queueDeadlines(world: WireWorld): void {
  for (const kind of ['recv', 'send'] as const) {
    const operation = world.port.oldest(kind);
    if (operation === undefined) continue;
    operation.deadlineMs = world.host.now + 60_000;
    world.loop.watchDeadline(operation);
  }
}

test('a socket that has gone leaves no deadline behind that would keep its connection', (t) => {
  const world = new ServerWorld('by hand');
  world.port.sendsAtOnce = false;
  world.comes(get('/'));
  world.does(() => {
    world.connection.send(SWITCHING);
    queueDeadlines(world);
    world.connection.detach(new Taker());
  });
  queueDeadlines(world);
  t.not(world.loop.nextDueMs, Number.POSITIVE_INFINITY);
  world.sendDone();
  t.is(world.loop.nextDueMs, Number.POSITIVE_INFINITY);

  const server = new ClientWorld();
  server.port.sendsAtOnce = false;
  server.asks();
  server.connection.switches = true;
  queueDeadlines(server);
  server.comes(SWITCHING);
  server.does(() => server.connection.detach(() => {}));
  t.not(server.loop.nextDueMs, Number.POSITIVE_INFINITY);
  server.sendDone();
  t.is(server.loop.nextDueMs, Number.POSITIVE_INFINITY);
});
