import test from 'ava';
import type { TcpState } from '../../../adapters/sim/tcp-block.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import { connectOperation } from '../../../src/core/operations.ts';
import {
  CLIENT_ADDRESS,
  End,
  endOf,
  ipv4,
  Lab,
  type Pair,
  SERVER_ADDRESS,
  started,
} from './sim-kit.ts';

const SLOW = { latencyMinMs: 10, latencyMaxMs: 10 };

test('a closed port refuses', (t) => {
  const lab = new Lab();
  const connect = lab.connect(ipv4(SERVER_ADDRESS, 81));
  lab.world.run();
  t.is(endOf(connect), 'failed refused');
});

test('one side closes, then the other', (t) => {
  const { lab, client, server } = new Lab().pair();
  client.shutdown();
  lab.settle();
  t.deepEqual([client.state, server.state], ['finWait2', 'closeWait']);
  const { block } = server;
  server.shutdown();
  lab.settle();
  t.deepEqual([client.state, block.state], ['timeWait', 'closed']);
  lab.world.advance(60_000);
  t.is(client.state, 'closed');
  t.is(lab.clientHost.connectionCount, 0);
});

test('both sides close at once', (t) => {
  const { lab, client, server } = new Lab(SLOW).pair();
  client.shutdown();
  server.shutdown();
  lab.world.advance(10);
  t.deepEqual([client.state, server.state], ['closing', 'closing']);
  lab.world.advance(10);
  t.deepEqual([client.state, server.state], ['timeWait', 'timeWait']);
});

test('both sides open at once', (t) => {
  const lab = new Lab(SLOW);
  const near = ipv4(CLIENT_ADDRESS, 1_000);
  const far = ipv4(SERVER_ADDRESS, 2_000);
  const there = lab.connect(far, { local: near });
  const back = started(
    lab.server,
    Object.assign(
      connectOperation(near, () => {}),
      { local: far },
    ),
  );
  lab.world.advance(11);
  const ends = [new End(lab.client, there.socket), new End(lab.server, back.socket)] as const;
  t.deepEqual([ends[0].state, ends[1].state], ['synReceived', 'synReceived']);
  lab.world.run();
  t.deepEqual([there.status, back.status], ['done', 'done']);
  ends[0].send('crossed');
  const heard = ends[1].recv();
  lab.world.run();
  t.is(heard.text, 'crossed');
});

test('data before FIN comes first, then the end, again and again', (t) => {
  const { lab, client, server } = new Lab(SLOW).pair();
  client.send('last words');
  client.shutdown();
  lab.world.run();
  const ends: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    const heard = server.recv();
    lab.settle();
    ends.push(`${heard.operation.status} ${heard.text}`);
  }
  t.deepEqual(ends, ['done last words', 'eof ', 'eof ']);
});

test('what came before a RST can still be read, as on Linux', (t) => {
  const { lab, client, server } = new Lab().pair();
  client.send('unread');
  lab.settle();
  client.close('reset');
  lab.settle();
  const first = server.recv();
  const second = server.recv();
  lab.settle();
  t.is(first.text, 'unread');
  t.is(endOf(second.operation), 'failed reset');
});

test('data for a socket that is closed is answered with RST', (t) => {
  const { lab, client, server } = new Lab().pair();
  client.close();
  lab.world.advance(10_000);
  t.is(lab.client.openSockets, 0);
  const first = server.send('too late');
  lab.settle();
  t.is(first.status, 'done');
  const second = server.send('and again');
  lab.settle();
  t.is(endOf(second), 'failed brokenPipe', 'the peer had sent FIN before');
});

test('closing drops lingerBytes, and what is unread beyond is a RST behind the FIN', (t) => {
  const ends: string[] = [];
  for (const lingerBytes of [20, 5]) {
    const { lab, client, server } = new Lab().pair();
    client.send('unread');
    lab.settle();
    const close = server.close('graceful', { lingerBytes });
    const heard = client.recv();
    lab.settle();
    const answer = client.send('are you there?');
    lab.settle();
    ends.push(`${close.status}: ${endOf(heard.operation)}, ${endOf(answer)}`);
  }
  t.deepEqual(ends, ['pending: eof, done', 'done: eof, failed brokenPipe']);
});

test('closing lingers for lingerMs and no longer', (t) => {
  const { lab, client, server } = new Lab().pair();
  const close = server.close('graceful', { lingerMs: 700 });
  lab.world.advance(699);
  t.is(close.status, 'pending');
  lab.world.advance(1);
  t.is(close.status, 'done');
  client.send('too late');
  lab.settle();
  t.is(endOf(client.recv().operation), 'pending');
  lab.settle();
  t.is(client.state, 'closed', 'data for nobody is answered with RST');
});

test('an ephemeral port in TIME-WAIT is not used for the same peer', (t) => {
  const { lab, client, server, listen } = new Lab().pair();
  const before = lab.client.localEndpoint(client.socket)?.port;
  client.shutdown();
  lab.settle();
  server.close();
  client.close();
  lab.settle();
  t.is(lab.clientHost.connectionCount, 1, 'TIME-WAIT');
  const local = ipv4(CLIENT_ADDRESS, before);
  const connect = lab.connect(listen.bound as Endpoint, { local });
  lab.settle();
  t.is(endOf(connect), 'failed addressInUse');
});

test('a new SYN from the same port opens a new connection out of TIME-WAIT', (t) => {
  const { lab, client, server, listen } = new Lab().pair();
  const local = lab.client.localEndpoint(client.socket) as Endpoint;
  server.shutdown();
  lab.settle();
  client.shutdown();
  lab.settle();
  t.is(server.state, 'timeWait');
  client.close();
  lab.settle();
  // A new number above the old one is what the rule asks for (RFC 6191).
  server.block.rcvNxt = 0;
  const connect = lab.connect(listen.bound as Endpoint, { local });
  lab.world.run();
  t.is(connect.status, 'done');
});

/** How a pair comes into a state, which the client's end is then in. */
const WAYS: Readonly<Record<Exclude<TcpState, 'closed' | 'synSent' | 'synReceived'>, Way>> = {
  established: { go: () => {}, recv: 'failed reset' },
  finWait1: { go: ({ client }) => void client.shutdown(), ms: 0, recv: 'failed reset' },
  finWait2: { go: ({ client }) => void client.shutdown(), ms: 30, recv: 'failed reset' },
  closing: {
    go: ({ client, server }) => {
      client.shutdown();
      server.shutdown();
    },
    ms: 10,
    recv: 'eof',
  },
  closeWait: { go: ({ server }) => void server.shutdown(), ms: 30, recv: 'eof' },
  lastAck: {
    go: ({ lab, client, server }) => {
      server.shutdown();
      lab.world.advance(30);
      client.shutdown();
    },
    ms: 0,
    recv: 'eof',
  },
  timeWait: {
    go: ({ lab, client, server }) => {
      client.shutdown();
      lab.world.advance(30);
      server.shutdown();
    },
    ms: 30,
    recv: 'eof',
  },
};

type Way = { readonly go: (pair: Pair) => void; readonly ms?: number; readonly recv: string };

for (const [state, { go, ms = 0, recv }] of Object.entries(WAYS)) {
  test(`a RST in ${state} ends the connection, and a receive ends as ${recv}`, (t) => {
    const pair = new Lab(SLOW).pair();
    go(pair);
    pair.lab.world.advance(ms);
    const { block } = pair.client;
    t.is(block.state, state as TcpState);
    pair.client.reset();
    const heard = pair.client.recv();
    pair.lab.settle();
    t.is(block.state, 'closed');
    t.is(endOf(heard.operation), recv);
    t.is(pair.lab.clientHost.connectionCount, 0);
  });
}

test('a RST while the SYN is answered empties the backlog', (t) => {
  const lab = new Lab(SLOW);
  const listen = lab.listen({ backlog: 1 });
  lab.settle();
  const first = lab.connect(listen.bound as Endpoint);
  lab.world.advance(11);
  lab.client.cancel(first);
  const second = lab.connect(listen.bound as Endpoint);
  const accept = lab.accept(listen.socket);
  lab.world.run();
  t.is(first.status, 'cancelled');
  t.is(second.status, 'done');
  t.is(accept.status, 'done');
});
