import { nodePort } from 'sluice/adapters/node';
import * as core from 'sluice/core';
import { formatEndpoint, parseEndpoint } from 'sluice/net';

// A datagram echo that lends nobody a buffer while it is idle. A wait reports that a datagram
// is there, a peek says how large it is, and only then a buffer of that size is made.
// Try: node udp-peek.js 127.0.0.1:7007, then: nc -u 127.0.0.1 7007

const port = core.reactorFrom(nodePort());
const open = core.udpOpenOperation(parseEndpoint(process.argv[2] ?? '127.0.0.1:7007'), () => {});
const peek = core.udpPeekOperation(core.NO_SOCKET, () => {});
const recv = core.udpRecvOperation(core.NO_SOCKET, () => {});
const send = core.udpSendOperation(core.NO_SOCKET, () => {});
const readable = core.makeWatch('read', turn);
const writable = core.makeWatch('write', turn);
let answering = false;

function turn(): void {
  const answer = open.status === 'done' ? echo() : begin();
  if (answer === 'completed') return;
  const watch = answer === 'read' ? readable : writable;
  watch.socket = open.socket;
  port.wait(watch);
}

function begin(): core.Attempt {
  const answer = port.attempt(open);
  if (answer !== 'completed') return answer;
  if (open.bound === undefined) throw new Error(`cannot open: ${open.fault?.code}`);
  console.log(`listening on ${formatEndpoint(open.bound)}`);
  peek.socket = recv.socket = send.socket = open.socket;
  return echo();
}

function echo(): core.Attempt {
  for (;;) {
    if (answering && port.attempt(send) !== 'completed') return 'write';
    answering = false;
    if (port.attempt(peek) !== 'completed' || peek.status === 'failed') break;
    if (peek.status !== 'done') continue; // An ICMP notice about an earlier answer.
    recv.into = new Uint8Array(peek.size);
    if (port.attempt(recv) !== 'completed') break; // A good peek promises nothing.
    console.log(`${recv.size} bytes${recv.from ? ` from ${formatEndpoint(recv.from)}` : ''}`);
    send.data = recv.into;
    send.to = recv.from;
    answering = true;
  }
  return peek.status === 'failed' ? 'completed' : 'read'; // It fails when the port is closed.
}

turn();
process.once('SIGINT', () => port.close(() => console.log(`${port.openSockets} sockets left`)));
