import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

const ANSWER_MS_MAX = 5000;
const BYTES = 1 << 20;

/** An upstream that sends back what it gets, and ends when its client does. */
export async function echoOn(port: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Asserts that a relay gives 1 MiB on, byte by byte, both ways, and each end after it. */
export function assertRelays(port: number): Promise<void> {
  const bytes = Buffer.alloc(BYTES);
  for (let i = 0; i < BYTES; i += 1) bytes[i] = (i * 31 + (i >> 8)) & 255;
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', timeout: ANSWER_MS_MAX });
    socket.once('timeout', () => {
      socket.destroy();
      reject(new Error('does not give on what it gets, or not its end'));
    });
    socket.once('error', reject);
    socket.on('data', (part) => parts.push(part));
    socket.once('end', () => {
      if (Buffer.concat(parts).equals(bytes)) resolve();
      else reject(new Error('changes the bytes'));
    });
    socket.end(bytes);
  });
}
