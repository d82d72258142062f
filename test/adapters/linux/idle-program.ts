import { type AdapterName, openPort } from '../../../src/cli/open-port.ts';
import { connect, listen } from '../../../src/net/index.ts';

// What does a process use that has many open connections and nothing to do?
// Arguments: adapter, connections, milliseconds.
const [adapter, ...numbers] = process.argv.slice(2);
const [connections = 0, forMs = 0] = numbers.map(Number);
const SETTLE_MS = 500;

/** What the test is told. */
export type Idle = { readonly sockets: number; readonly turns: number; readonly cpuMs: number };

const port = openPort({ adapter: adapter as AdapterName });
const listener = await listen(port, { family: 'ipv4', address: '127.0.0.1', port: 0 });
for (let i = 0; i < connections; i += 1) {
  const ends = await Promise.all([connect(port, listener.endpoint), listener.accept()]);
  // They end with the port.
  for (const stream of ends) stream.recv().catch(() => {});
}
await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
globalThis.gc?.();
const turns = port.loop.turn;
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, forMs));
const { user, system } = process.cpuUsage(before);
const report: Idle = {
  sockets: port.openSockets,
  turns: port.loop.turn - turns,
  cpuMs: (user + system) / 1000,
};
process.stdout.write(JSON.stringify(report));
port.close();
