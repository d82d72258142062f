import { openPort } from 'sluice/cli';
import { Resolver } from 'sluice/dns';

// Prints the addresses of a name, and then every change, until Ctrl-C.
//   node dns-watch.js example.com [server] [service]
const [name = 'localhost', server, service] = process.argv.slice(2);
const core = openPort();
const resolver = new Resolver(core, server === undefined ? {} : { servers: [server] });
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const options = { signal: stop.signal, service: service === 'service', minIntervalMs: 1_000 };
for await (const event of resolver.watch(name, options)) {
  if (event.type === 'error') console.log(`! ${event.error.code}, ${event.consecutive} in a row`);
  else {
    for (const address of event.added) console.log(`+ ${address}`);
    for (const address of event.removed) console.log(`- ${address}`);
  }
}
await resolver[Symbol.asyncDispose]();
core.close(() => console.log(`${core.openSockets} sockets left`));
