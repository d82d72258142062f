import { nodePort } from 'sluice/adapters/node';
import { connect, formatEndpoint, IoError, listen, relay, type Stream } from 'sluice/net';

// Forwards connections to a target, both ways, each end by itself, with back-pressure.
// Try: node tcp-relay.js 127.0.0.1:7007 93.184.215.14:80, then: curl -H 'Host: example.org'
// http://127.0.0.1:7007/

const [, , from = '127.0.0.1:7007', target] = process.argv;
if (target === undefined) {
  console.error('usage: tcp-relay LISTEN TARGET (127.0.0.1:7007 127.0.0.1:80)');
  process.exit(2);
}

const port = nodePort();
const stop = new AbortController();
const { signal } = stop;

async function forward(client: Stream, to: string): Promise<void> {
  await using a = client;
  const b = await connect(port, to, { timeoutMs: 5_000, signal });
  const { bytesAtoB, bytesBtoA, why } = await relay(a, b, { idleMs: 60_000, signal });
  console.log(`${bytesAtoB} bytes up, ${bytesBtoA} bytes down, ${why}`);
}

const listener = await listen(port, from);
console.log(`listening on ${formatEndpoint(listener.endpoint)}`);
process.once('SIGINT', async () => {
  stop.abort();
  await listener.close();
  port.close(() => console.log(`${port.openSockets} sockets left`));
});

for await (const client of listener) {
  forward(client, target).catch((error: unknown) => {
    if (signal.aborted) return;
    if (!(error instanceof IoError)) throw error; // A bug, and not a connection that went.
    console.error(error.message);
  });
}
