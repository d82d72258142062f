import { connect, type Socket } from 'node:net';
import { wasReset } from '../proxy/peer.ts';
import { serve } from './program.ts';
import { pump } from './pump.ts';

// A client with one connection at a time, which it opens anew for each word. It reads all that
// comes and counts it. Arguments: address, port.
const [host = '', port] = process.argv.slice(2);
const GIB = 1024 ** 3;
let socket: Socket | undefined;
let received = 0;
/** Of the newest answer; 0 as long as there is none. */
let status = 0;
/** How the newest connection ended: 0 not yet, 1 by FIN, 2 by RST. */
let ended = 0;

function say(text: string): Socket {
  socket?.destroy();
  received = 0;
  status = 0;
  ended = 0;
  const own = connect({ host, port: Number(port), noDelay: true });
  socket = own;
  const end = (how: number): void => {
    if (socket === own && ended === 0) ended = how;
  };
  own.on('data', (data) => {
    if (socket !== own) return;
    if (received === 0) status = Number(data.toString('latin1', 9, 12));
    received += data.length;
  });
  own.on('end', () => end(wasReset(own) ? 2 : 1)).on('error', () => end(2));
  own.write(text);
  return own;
}

const get = (target: string) => () => {
  say(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return {};
};

function upload(): Readonly<Record<string, number>> {
  pump(say(`PUT /taken HTTP/1.1\r\nHost: x\r\nContent-Length: ${GIB}\r\n\r\n`), GIB);
  return {};
}

serve({
  small: get('/small'),
  source: get('/source'),
  half: get('/half'),
  upload,
  leave: () => {
    socket?.destroy();
    return {};
  },
  state: () => ({ received, status, ended }),
});
