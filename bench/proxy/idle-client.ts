import { connect, type Socket } from 'node:net';

// node idle-client.js PORT COUNT
// Opens COUNT connections, completes one request on each and holds them until its input ends.
// Prints `open N` once all are idle, and `lost N` (closed or broken meanwhile) at the end.

/** Requests under way at once: the proxy shall hold many connections, not many requests. */
const ACTIVE_MAX = 32;
/** Requests on one connection before, so that lazily made code and tables count as base. */
const WARM_REQUESTS = 1000;

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const REQUEST = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const END_OF_BODY = 'Hello, world\n';
let lost = 0;

/** Sends one request and waits for the last byte of its answer, which is small and known. */
function ask(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (part: Buffer): void => {
      text += part.toString('latin1');
      // A chunked answer goes on after the body; its last chunk ends in an empty line.
      if (!text.endsWith(END_OF_BODY) && !text.endsWith(`${END_OF_BODY}\r\n0\r\n\r\n`)) return;
      if (/transfer-encoding/i.test(text) && !text.endsWith('0\r\n\r\n')) return;
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve();
    };
    const onClose = (): void => reject(new Error(`closed after ${JSON.stringify(text)}`));
    socket.on('data', onData);
    socket.once('close', onClose);
    socket.write(REQUEST);
  });
}

async function open(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  await ask(socket);
  return socket;
}

async function warm(): Promise<void> {
  const socket = await open();
  for (let asked = 1; asked < WARM_REQUESTS; asked += 1) await ask(socket);
  socket.destroy();
}

async function openMany(): Promise<void> {
  let opened = 0;
  const openInTurn = async (): Promise<void> => {
    while (opened < count) {
      opened += 1;
      const socket = await open();
      socket.once('close', () => {
        lost += 1;
      });
    }
  };
  await Promise.all(Array.from({ length: ACTIVE_MAX }, openInTurn));
}

await warm();
console.log('warm');
// The parent reads the base, then lets us go on with a byte.
await new Promise((resolve) => process.stdin.once('data', resolve));
await openMany();
console.log(`open ${count}`);
process.stdin.once('end', () => {
  console.log(`lost ${lost}`);
  process.exit();
});
