import { epollPort } from '../../../adapters/epoll/index.ts';
import type { Operation } from '../../../src/core/operation.ts';
import * as make from '../../../src/core/operations.ts';

// Sends a message over each of many connections and waits for its echo, again and again, until it
// is killed. Arguments: port, connections.
const [to = 0, connections = 0] = process.argv.slice(2).map(Number);
const port = epollPort();

for (let i = 0; i < connections; i += 1) {
  const connect = make.connectOperation({ family: 'ipv4', address: '127.0.0.1', port: to }, () => {
    let halves = 0;
    const half = ({ status }: Operation): void => {
      if (status !== 'done') process.exit();
      halves += 1;
      if (halves === 2) talk();
    };
    const send = make.sendOperation(connect.socket, half);
    Object.assign(send, { pieces: ['x'.repeat(100)], count: 1 });
    const recv = make.recvOperation(connect.socket, half);
    const talk = (): void => {
      halves = 0;
      port.submit(send);
      port.submit(recv);
    };
    talk();
  });
  port.submit(connect);
}
process.on('disconnect', () => process.exit());
