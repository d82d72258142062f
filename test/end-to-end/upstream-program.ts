import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { serve } from './program.ts';
import { pump } from './pump.ts';

// A server for the tests of back-pressure and of sudden death. What it does is in the target:
//   /small          a short answer            /source    1 GiB, made as it goes
//   /sink           reads nothing of a body until it is told to go on
//   /half           half an answer, then silence
// and silence for all others. Argument: the address to listen at.
const GIB = 1024 ** 3;
let current: Socket | undefined;
let received = 0;

const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => {
    received += data.length;
    const [, target] = /^[A-Z]+ (\/\S*) HTTP/.exec(data.toString('latin1', 0, 100)) ?? [];
    if (target === undefined) return;
    current = socket;
    if (target === '/small') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    else if (target === '/source') {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${GIB}\r\n\r\n`);
      pump(socket, GIB);
    } else if (target === '/sink') socket.pause();
    else if (target === '/half') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
  });
});

serve({
  listen: () =>
    new Promise((resolve) => {
      server.listen(0, process.argv[2] ?? '127.0.0.1', () =>
        resolve({ port: (server.address() as AddressInfo).port }),
      );
    }),
  state: () => {
    const taken = current === undefined ? 0 : current.bytesWritten - current.writableLength;
    return { taken, received, open: current === undefined || current.destroyed ? 0 : 1 };
  },
  resume: () => {
    current?.resume();
    return {};
  },
});
