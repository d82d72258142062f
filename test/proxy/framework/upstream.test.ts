import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'ava';
import { defineProxy, type UpstreamGroupOptions, upstream } from '../../../src/proxy/index.ts';
import { REAL_PORTS } from '../../support/real-ports.ts';
import { Peer } from '../peer.ts';

const SERVERS = ['http://127.0.0.1:1'];

const REFUSED: readonly (readonly [UpstreamGroupOptions, RegExp])[] = [
  [{ servers: ['https://127.0.0.1:1'] }, /upstream "a": TLS to servers .* not there yet/],
  [{ servers: SERVERS, destination: { sni: 'b' } }, /destination\.sni/],
];

test('options that would not be followed are refused', (t) => {
  for (const [options, message] of REFUSED) t.throws(() => upstream('a', options), { message });
});

for (const [name, open] of Object.entries(REAL_PORTS)) {
  test(`a peer's localAddress is where connections come from (${name})`, async (t) => {
    let from: string | undefined;
    const server = createServer((socket) => {
      socket.on('error', () => {}); // The proxy resets what it does not keep.
      from = socket.remoteAddress;
      socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const core = open();
    const peer = { host: '127.0.0.1', port, localAddress: '127.0.0.9' };
    const running = await defineProxy({ upstreamPeer: () => peer }).listen({
      port: 0,
      host: '127.0.0.1',
      core,
    });
    const client = await Peer.connect(running.address.port);
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    t.is((await client.response()).status, 204);
    t.is(from, '127.0.0.9');
    client.leave();
    await running.close({ drainMs: 0 });
    core.close();
    server.close();
  });
}
