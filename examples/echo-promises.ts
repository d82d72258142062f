import { nodePort } from 'sluice/adapters/node';
import { formatEndpoint, IoError, listen, type Stream } from 'sluice/net';

// Echo with promises. Awaiting a send is back-pressure: it ends when less than 64 KiB wait.
// Try: node echo-promises.js 127.0.0.1:7007, then: nc 127.0.0.1 7007

async function echo(client: Stream): Promise<void> {
  await using stream = client;
  for await (const chunk of stream) await stream.send(chunk);
}

const port = nodePort();
const listener = await listen(port, process.argv[2] ?? '127.0.0.1:7007');
console.log(`listening on ${formatEndpoint(listener.endpoint)}`);

const stop = new AbortController();
process.once('SIGINT', async () => {
  stop.abort();
  await listener.close();
  port.close(() => console.log(`${port.openSockets} sockets left`));
});

for await (const client of listener) {
  echo(client).catch((error: unknown) => {
    if (!(error instanceof IoError)) throw error; // A bug, and not a connection that went.
    if (!stop.signal.aborted) console.error(error.message);
  });
}
