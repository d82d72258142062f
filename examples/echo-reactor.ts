import { nodePort } from 'sluice/adapters/node';
import * as core from 'sluice/core';
import { formatEndpoint, parseEndpoint } from 'sluice/net';

// Echo by readiness, on an adapter that knows operations only: the bridge derives the one model
// from the other. An attempt answers now; what would block is waited for and attempted again.
// Try: node echo-reactor.js 127.0.0.1:7007, then: nc 127.0.0.1 7007
const port = core.reactorFrom(nodePort());
const buffer = new Uint8Array(core.SCRATCH_BYTES); // For all connections: no attempt keeps it.

/** Runs `turn` now, and again when the direction that it answers with is worth an attempt. */
function repeat(socket: core.SocketId, turn: () => core.Attempt): void {
  const watches = { read: core.makeWatch('read', step), write: core.makeWatch('write', step) };
  function step(): void {
    const answer = turn();
    if (answer === 'completed') return;
    watches[answer].socket = socket;
    port.wait(watches[answer]);
  }
  step();
}

function echo(socket: core.SocketId): void {
  const recv = core.recvOperation(socket, () => {});
  const send = core.sendOperation(socket, () => {});
  const close = core.closeOperation(socket, () => {});
  recv.into = [buffer];
  send.count = 1;
  let sending = false;
  repeat(socket, () => {
    for (;;) {
      if (sending && port.attempt(send) === 'write') return 'write';
      if (sending && send.status !== 'done') break;
      sending = false;
      if (port.attempt(recv) === 'read') return 'read';
      if (recv.status !== 'done') break;
      send.pieces[0] = buffer.slice(0, recv.bytes); // Ours until all of it was taken.
      sending = true;
    }
    return port.attempt(close);
  });
}

const listen = core.listenOperation(parseEndpoint(process.argv[2] ?? '127.0.0.1:7007'), () => {});
port.attempt(listen);
repeat(listen.socket, () => {
  if (listen.bound === undefined) {
    if (port.attempt(listen) !== 'completed') return 'read';
    if (listen.bound === undefined) throw new Error(`cannot listen: ${listen.fault?.code}`);
    console.log(`listening on ${formatEndpoint(listen.bound)}`);
  }
  const accept = core.acceptOperation(listen.socket, () => {});
  while (port.attempt(accept) === 'completed') {
    if (accept.status === 'failed') return 'completed'; // The port is closed.
    echo(accept.accepted);
  }
  return 'read';
});
process.once('SIGINT', () => port.close(() => console.log(`${port.openSockets} sockets left`)));
