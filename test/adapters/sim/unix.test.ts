import test from 'ava';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import {
  acceptOperation,
  connectOperation,
  listenOperation,
} from '../../../src/core/operations.ts';
import { End, endOf, Lab, started } from './sim-kit.ts';

const PATH: Endpoint = { family: 'unix', address: '/run/sim.sock', port: 0 };

test('a UNIX socket has no network in between', (t) => {
  const lab = new Lab({ loss: 1 });
  const { server } = lab;
  const listen = started(
    server,
    listenOperation(PATH, () => {}),
  );
  const accept = started(
    server,
    acceptOperation(listen.socket, () => {}),
  );
  const connect = started(
    server,
    connectOperation(PATH, () => {}),
  );
  lab.settle();
  t.is(accept.status, 'done');
  new End(server, connect.socket).send('hello');
  const heard = new End(server, accept.accepted).recv();
  lab.settle();
  t.is(heard.text, 'hello');
  t.deepEqual(server.localEndpoint(accept.accepted), PATH);
});

test('a path where nobody listens is refused, and so is one of another host', (t) => {
  const lab = new Lab();
  lab.listen({ endpoint: PATH });
  const connect = lab.connect(PATH);
  lab.settle();
  t.is(endOf(connect), 'failed refused');
});

test('a path can be listened on once', (t) => {
  const lab = new Lab();
  lab.listen({ endpoint: PATH });
  const second = lab.listen({ endpoint: PATH });
  lab.settle();
  t.is(endOf(second), 'failed addressInUse');
});
