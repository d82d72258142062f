import test from 'ava';
import { SimProactor, SimWorld } from '../../adapters/sim/index.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { SocketId } from '../../src/core/operation.ts';
import {
  acceptOperation,
  closeOperation,
  connectOperation,
  listenOperation,
  recvOperation,
  sendOperation,
  shutdownOperation,
} from '../../src/core/operations.ts';

const SEEDS = 1_000;
const CHAOS = {
  loss: 0.05,
  duplication: 0.05,
  reorder: 0.05,
  latencyMinMs: 1,
  latencyMaxMs: 20,
};
/** A dozen segments: enough for each kind of trouble, and quick. */
const MESSAGE = Buffer.from(Array.from({ length: 16_000 }, (_, i) => (i * 7919) >> 3));

/** Sends back what comes, until the peer's FIN. One send at a time: the copy is its own. */
function echo(port: SimProactor, socket: SocketId): void {
  const recv = recvOperation(socket, ({ status, data, offset, bytes }) => {
    if (status !== 'done') {
      port.submit(closeOperation(socket, () => {}));
      return;
    }
    send.pieces = [data.slice(offset, offset + bytes)];
    send.count = 1;
    port.submit(send);
  });
  const send = sendOperation(socket, ({ status }) => {
    if (status === 'done') port.submit(recv);
    else port.submit(closeOperation(socket, () => {}));
  });
  port.submit(recv);
}

function serve(port: SimProactor, endpoint: Endpoint): Endpoint {
  const listen = listenOperation(endpoint, () => port.submit(accept));
  port.submit(listen);
  const accept = acceptOperation(listen.socket, ({ accepted }) => echo(port, accepted));
  return listen.bound as Endpoint;
}

/** One conversation: what came back, or the fault by which it ended. */
function converse(world: SimWorld, extra: Partial<typeof world.conditions>): string {
  const server = new SimProactor(world.host('server', '192.0.2.1'));
  const client = new SimProactor(world.host('client', '192.0.2.2'));
  Object.assign(world.conditions, CHAOS, extra);
  const heard: Uint8Array[] = [];
  let end = 'pending';
  const fail = (code: string | undefined): void => {
    end = `fault ${code}`;
    client.submit(closeOperation(connect.socket, () => {}));
  };
  const bound = serve(server, { family: 'ipv4', address: '192.0.2.1', port: 80 });
  const connect = connectOperation(bound, ({ status, fault, socket }) => {
    if (status !== 'done') {
      end = `fault ${fault?.code}`;
      return;
    }
    const send = sendOperation(socket, () => {
      client.submit(shutdownOperation(socket, () => {}));
    });
    send.pieces = [MESSAGE];
    send.count = 1;
    client.submit(send);
    const recv = recvOperation(socket, () => {
      if (recv.status === 'done') {
        heard.push(recv.data.slice(recv.offset, recv.offset + recv.bytes));
        client.submit(recv);
      } else if (recv.status === 'eof') {
        end = Buffer.concat(heard).equals(MESSAGE) ? 'all bytes' : 'wrong bytes';
        client.submit(closeOperation(socket, () => {}));
      } else {
        fail(recv.fault?.code);
      }
    });
    client.submit(recv);
  });
  client.submit(connect);
  world.run();
  server.close();
  client.close();
  world.advance(120_000);
  const left = server.openSockets + client.openSockets + world.rings.lent;
  return left === 0 ? end : `${end}, and ${left} things leaked`;
}

test('over a bad network every byte comes back, with 1000 seeds', (t) => {
  const wrong: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const end = converse(new SimWorld({ seed }), {});
    if (end !== 'all bytes') wrong.push(`seed ${seed}: ${end}`);
  }
  t.deepEqual(wrong, []);
});

test('with resets on top, it is every byte or a typed fault, with 300 seeds', (t) => {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= 300; seed += 1) {
    const end = converse(new SimWorld({ seed }), { resets: 0.02 });
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (end === 'all bytes') continue;
    t.regex(end, /^fault (?:reset|brokenPipe|refused)$/, `seed ${seed}`);
  }
  t.true(ends.size > 1, 'some must have been reset');
  t.true((ends.get('all bytes') ?? 0) > 0, 'some must have come through');
});
