import { openPort } from 'sluice/cli';
import { DnsError, type RecordType, Resolver } from 'sluice/dns';

// Asks for records and prints them, one a line; colours only where a person looks.
//   node dig.js example.com MX
//   node dig.js @127.0.0.1:5353 example.com        a server of your own
//   node dig.js -x 192.0.2.1                       the names of an address
const words = process.argv.slice(2);
const server = words.find((word) => word.startsWith('@'))?.slice(1);
const [first = '', second] = words.filter((word) => !word.startsWith('@'));
const isColoured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code: number, text: string): string =>
  isColoured ? `\x1b[${code}m${text}\x1b[0m` : text;

const core = openPort();
const resolver = new Resolver(core, server === undefined ? {} : { servers: [server] });

async function ask(): Promise<void> {
  if (first === '') throw new TypeError('usage: dig [@server] name [type] | -x address');
  if (first === '-x') {
    for (const name of await resolver.reverse(second ?? '')) console.log(paint(36, name));
    return;
  }
  const type = (second ?? 'A').toUpperCase() as RecordType;
  const { records, ttl, authenticated } = await resolver.resolve(first, type);
  for (const record of records) {
    const text = typeof record === 'string' ? record : JSON.stringify(record);
    console.log(`${first} ${paint(2, String(ttl))} ${type} ${paint(36, text)}`);
  }
  if (authenticated) console.log(paint(2, '; authenticated by the server'));
}

try {
  await ask();
} catch (error) {
  console.error(paint(31, error instanceof Error ? error.message : String(error)));
  process.exitCode = error instanceof DnsError && error.code === 'ENOTFOUND' ? 3 : 1;
} finally {
  await resolver[Symbol.asyncDispose]();
  core.close();
}
