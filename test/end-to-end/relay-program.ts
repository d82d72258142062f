import { type AdapterName, openPort } from '../../src/cli/open-port.ts';
import { connect, IoError, listen, relay, type Stream } from '../../src/net/index.ts';
import { serve } from './program.ts';

// Joins every connection with one to a server. Arguments: adapter, the server's port.
const [adapter, target] = process.argv.slice(2);
const port = openPort({ adapter: adapter as AdapterName });
let ended = 0;
let failed = 0;

async function join(client: Stream): Promise<void> {
  const server = await connect(port, `127.0.0.1:${target}`);
  const { why } = await relay(client, server, { idleMs: 60_000 });
  if (why === 'failed') failed += 1;
  ended += 1;
}

serve({
  listen: async () => {
    const listener = await listen(port, '127.0.0.1:0');
    void (async () => {
      for await (const client of listener) {
        join(client).catch((error: unknown) => {
          if (!(error instanceof IoError)) throw error; // A bug, and not a connection that went.
          failed += 1;
          ended += 1;
        });
      }
    })();
    return { port: listener.endpoint.port };
  },
  state: () => ({ sockets: port.openSockets, ended, failed }),
});
