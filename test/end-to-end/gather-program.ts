import { connect } from 'node:net';
import { type AdapterName, openPort } from '../../src/cli/open-port.ts';
import { BufferPool } from '../../src/core/buffer-pool.ts';
import { acceptOperation, listenOperation } from '../../src/core/operations.ts';
import { ParserPool } from '../../src/http/parser-pool.ts';
import { reply } from '../../src/http/reply.ts';
import { ActivityPool } from '../../src/http/server-activity.ts';
import { ServerConnection } from '../../src/http/server-connection.ts';
import {
  type Exchange,
  type RequestHandler,
  SERVER_TIMEOUTS,
} from '../../src/http/server-options.ts';

// How many system calls do many small writes of one turn take? The first argument chooses what
// is written: `answers`, to 64 pipelined requests, or `buffers`, 3000 of them. The second names the
// adapter. Run under strace.
const REQUESTS = 64;
const BUFFERS = 3000;
const answers = process.argv[2] === 'answers';

const port = openPort({ adapter: process.argv[3] as AdapterName });
const exchange: Exchange = {
  requestBody() {},
  requestEnd() {},
  requestFailed() {},
  responseLevel() {},
};
const handler: RequestHandler = {
  request(connection) {
    if (answers) connection.send(reply(200, 'hi', true));
    else for (let i = 0; i < BUFFERS; i += 1) connection.outbox.append(Buffer.from('0123456789'));
    connection.endResponse(true);
    return exchange;
  },
  refused() {},
  closed() {},
};
const shared = {
  port,
  activities: new ActivityPool(port, new BufferPool(), new ParserPool('request'), 60_000),
  timeouts: SERVER_TIMEOUTS,
  requestsMax: 1000,
  bodyBytesMax: 0,
  handler,
};

const listen = listenOperation({ family: 'ipv4', address: '127.0.0.1', port: 0 }, () => {
  const accept = acceptOperation(listen.socket, () => {
    new ServerConnection(shared, accept.accepted);
  });
  port.submit(accept);
  const expected = answers ? REQUESTS * reply(200, 'hi', true).length : BUFFERS * 10;
  let received = 0;
  const client = connect({ port: listen.bound?.port ?? 0, host: '127.0.0.1' });
  // With a CORK of its own, so that the one write of the client comes in one segment.
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(answers ? REQUESTS : 1));
  client.on('data', (data) => {
    received += data.length;
    if (received === expected) process.exit(0);
  });
});
port.submit(listen);
