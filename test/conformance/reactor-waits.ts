import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { SocketId } from '../../src/core/operation.ts';
import * as make from '../../src/core/operations.ts';
import type { ReactorKit } from './reactor-kit.ts';
import type { ReactorRules } from './reactor-run.ts';

/** Turns that a quiet loop may take while nothing happens. */
const IDLE_TURNS_MAX = 20;

/** Sends until no more is taken; returns how many bytes were. */
function fill(kit: ReactorKit, socket: SocketId): number {
  const chunk = Buffer.alloc(64 * 1024, 'f');
  const send = make.sendOperation(socket, kit.unwanted);
  let sent = 0;
  for (;;) {
    Object.assign(send, { pieces: [chunk], count: 1, status: 'idle', bytes: 0 });
    const attempt = kit.attempt(send);
    sent += send.bytes;
    if (attempt !== 'completed') {
      assert.equal(attempt, 'write');
      kit.port.abandon(send);
      return sent;
    }
    assert.equal(send.status, 'done');
    assert.ok(sent <= kit.site.floodBytes, 'a peer that does not read is filled up at some point');
  }
}

/** The same, until nothing more is taken even after a while. */
async function stuff(kit: ReactorKit, socket: SocketId): Promise<number> {
  let sent = 0;
  for (let more = fill(kit, socket); more > 0; more = fill(kit, socket)) {
    sent += more;
    await kit.settle();
  }
  return sent;
}

/** What every port with the reactor's face promises about waiting. */
export const waitRules: ReactorRules = {
  'wait(read) reports once, when bytes come': async (kit) => {
    const { client, server } = await kit.pair();
    const wait = kit.wait('read', server);
    await kit.settle();
    assert.equal(wait.reports, 0);
    await kit.say(client, 'a');
    await kit.reported(wait);
    await kit.say(client, 'b');
    await kit.settle();
    assert.equal(wait.reports, 1, 'more bytes are no second report');
  },

  'wait is level triggered: bytes that are there already are reported': async (kit) => {
    const { client, server } = await kit.pair();
    await kit.say(client, 'abc');
    await kit.settle();
    const wait = kit.wait('read', server);
    assert.equal(wait.reports, 0, 'not inside the call');
    await kit.reported(wait);
    kit.again(wait);
    await kit.reported(wait, 2);
    assert.equal((await kit.hear(server, 1)).toString(), 'a');
    kit.again(wait);
    await kit.reported(wait, 3);
    assert.equal((await kit.hear(server, 2)).toString(), 'bc');
  },

  'wait(read) is not reported because the socket can be written': async (kit) => {
    const { client, server } = await kit.pair();
    const wait = kit.wait('read', server);
    for (let i = 0; i < 5; i += 1) {
      await kit.say(server, 'out');
      await kit.reported(kit.wait('write', server));
      await kit.settle();
    }
    assert.equal(wait.reports, 0);
    assert.equal((await kit.hear(client, 15)).length, 15);
  },

  'wait(write) is not reported because the socket can be read': async (kit) => {
    const { client, server } = await kit.pair();
    const sent = await stuff(kit, client);
    const wait = kit.wait('write', client);
    for (let i = 0; i < 3; i += 1) {
      await kit.say(server, 'in');
      await kit.settle();
    }
    assert.equal(wait.reports, 0);
    await kit.hear(server, sent);
    await kit.reported(wait);
  },

  'both directions of a socket may be waited for, each told once': async (kit) => {
    const { client, server } = await kit.pair();
    const read = kit.wait('read', server);
    const write = kit.wait('write', server);
    await kit.reported(write);
    assert.equal(read.reports, 0);
    await kit.say(client, 'x');
    await kit.reported(read);
    assert.equal(write.reports, 1);
  },

  'wait(write) on a peer that does not read neither reports nor spins': async (kit) => {
    const { client, server } = await kit.pair();
    const sent = await stuff(kit, client);
    const wait = kit.wait('write', client);
    const { loop } = kit.port;
    const firstTurn = loop.turn;
    for (let i = 0; i < 5; i += 1) await kit.settle();
    assert.equal(wait.reports, 0);
    assert.ok(loop.turn - firstTurn <= IDLE_TURNS_MAX, `${loop.turn - firstTurn} turns`);
    await kit.hear(server, sent);
    await kit.reported(wait);
    await kit.say(client, 'goes on');
    assert.equal((await kit.hear(server, 7)).toString(), 'goes on');
  },

  'an idle wait(read) does not spin': async (kit) => {
    const { server } = await kit.pair();
    const wait = kit.wait('read', server);
    const { loop } = kit.port;
    await kit.settle();
    const firstTurn = loop.turn;
    for (let i = 0; i < 5; i += 1) await kit.settle();
    assert.ok(loop.turn - firstTurn <= IDLE_TURNS_MAX, `${loop.turn - firstTurn} turns`);
    assert.equal(wait.reports, 0);
  },

  'nothing is reported after unwait': async (kit) => {
    const { client, server } = await kit.pair();
    const wait = kit.wait('read', server);
    kit.port.unwait(wait.watch);
    await kit.say(client, 'abc');
    await kit.settle();
    assert.equal(wait.reports, 0);
    kit.again(wait);
    kit.port.unwait(wait.watch);
    await kit.settle();
    assert.equal(wait.reports, 0, 'not even what was due on the next turn');
    kit.again(wait);
    await kit.reported(wait);
  },

  'waiting twice with one watch is a bug of the caller': async (kit) => {
    const { server } = await kit.pair();
    const wait = kit.wait('read', server);
    assert.throws(() => kit.port.wait(wait.watch), { name: 'InvariantError' });
    kit.port.unwait(wait.watch);
  },

  'a listener is reported when a connection waits': async (kit) => {
    const listen = make.listenOperation(kit.site.loopback('ipv4'), kit.unwanted);
    await kit.ends(listen, 'done');
    const wait = kit.wait('read', listen.socket);
    await kit.settle();
    assert.equal(wait.reports, 0);
    await kit.ends(make.connectOperation(listen.bound as Endpoint, kit.unwanted), 'done');
    await kit.reported(wait);
    await kit.ends(make.acceptOperation(listen.socket, kit.unwanted), 'done');
  },

  'the peer’s FIN and RST are reported to who waits': async (kit) => {
    const first = await kit.pair();
    const fin = kit.wait('read', first.client);
    await kit.ends(make.shutdownOperation(first.server, kit.unwanted), 'done');
    await kit.reported(fin);
    const second = await kit.pair();
    const rst = kit.wait('read', second.client);
    await kit.close(second.server, 'reset');
    await kit.reported(rst);
  },

  'a socket that is gone is reported to who waits on it': async (kit) => {
    const { client } = await kit.pair();
    const wait = kit.wait('read', client);
    await kit.close(client, 'reset');
    await kit.reported(wait);
  },
};
