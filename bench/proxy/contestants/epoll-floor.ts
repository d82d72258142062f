import { linuxCalls } from '../../../adapters/epoll/linux-calls.ts';
import {
  AF_INET,
  EAGAIN,
  EPOLL_CTL_ADD,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  SO_REUSEADDR,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../../../adapters/linux/constants.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import { hold, runReactions } from '../../../adapters/linux/open-handles.ts';
import { encodeAddress } from '../../../adapters/linux/socket-address.ts';
import { latin1 } from '../../../src/http/latin1.ts';

// node epoll-floor.js PORT UPSTREAM_PORT
// What a proxy in JavaScript cannot be cheaper than: the system calls that a request needs, a head
// that is split at its line ends, and nothing else. No limits, no deadlines, no pipelining, no
// bodies of requests; a head comes in one piece, and whatever fails is closed. Not a proxy to use.

const BUFFER_BYTES = 256 * 1024;
const EVENTS_MAX = 512;
/** struct epoll_event: the events, and 64 bits of data, without a gap on x86-64 alone. */
const EVENT_INTS = process.arch === 'x64' ? 3 : 4;
const DATA_INT = process.arch === 'x64' ? 1 : 2;
const ROUNDS_MAX = 16;
const BACKLOG = 4096;

type Latin1Write = (this: Uint8Array, text: string, offset: number) => number;
const { latin1Write } = Buffer.prototype as unknown as { latin1Write: Latin1Write };

/** One side of the proxy. */
type Connection = {
  readonly fd: number;
  readonly isClient: boolean;
  /** The other side, while there is a request. */
  peer: Connection | undefined;
  /** What the kernel has not taken: the other side is not read as long as there is some. */
  rest: Buffer | undefined;
  /** Bytes of the response's body that have not come; -1 before its head. Of an upstream. */
  left: number;
  /** Asked for by the client: the connection ends after the answer. */
  closes: boolean;
};

const [port = 0, upstreamPort = 0] = process.argv.slice(2).map(Number);
const koffi = loadKoffi('epoll');
const calls = linuxCalls(koffi);
const input = Buffer.allocUnsafeSlow(BUFFER_BYTES);
const inputAt = calls.addressOf(input);
const output = Buffer.allocUnsafeSlow(2 * BUFFER_BYTES);
const outputAt = calls.addressOf(output);
const events = new Int32Array(EVENT_INTS * EVENTS_MAX);
const event = new Int32Array(EVENT_INTS);
const one = new Int32Array([1]);
const remote = Buffer.alloc(16);
const remoteBytes = new Int32Array(1);
const connections: (Connection | undefined)[] = [];
const idle: Connection[] = [];
const epoll = calls.epollCreate();
const listener = calls.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

function addressOf(number: number): Buffer {
  return encodeAddress({ family: 'ipv4', address: '127.0.0.1', port: number }) as Buffer;
}

function watch(fd: number): void {
  event[0] = EPOLLIN | EPOLLOUT | EPOLLET;
  event[DATA_INT] = fd;
  calls.epollControl(epoll, EPOLL_CTL_ADD, fd, event);
}

function open(fd: number, isClient: boolean): Connection {
  const connection = { fd, isClient, peer: undefined, rest: undefined, left: -1, closes: false };
  calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one);
  connections[fd] = connection;
  watch(fd);
  return connection;
}

function close(connection: Connection): void {
  const { fd, peer } = connection;
  if (connections[fd] !== connection) return;
  connections[fd] = undefined;
  calls.close(fd);
  const at = idle.indexOf(connection);
  if (at >= 0) idle.splice(at, 1);
  if (peer !== undefined) close(peer);
}

function acceptAll(): void {
  for (;;) {
    remoteBytes[0] = remote.length;
    const fd = calls.accept4(listener, remote, remoteBytes, SOCK_NONBLOCK);
    if (fd < 0) return;
    open(fd, true);
  }
}

/** Sends `bytes` of a buffer, and keeps what the kernel does not take. */
function send(to: Connection, buffer: Buffer, address: number, bytes: number): void {
  const sent = Math.max(calls.send(to.fd, address, bytes, MSG_NOSIGNAL), 0);
  to.rest = sent < bytes ? Buffer.from(buffer.subarray(sent, bytes)) : undefined;
}

/** What `passedOn` has found besides: `Connection: close`, and the length of the body. */
let asksForEnd = false;
let length = 0;

/** The lines of a head but those of the connection itself. */
function passedOn(head: string): string {
  asksForEnd = false;
  length = 0;
  let from = head.indexOf('\r\n') + 2;
  let lines = head.slice(0, from);
  while (from < head.length) {
    const end = head.indexOf('\r\n', from) + 2;
    const colon = head.indexOf(':', from);
    const name = head.slice(from, colon).toLowerCase();
    if (name === 'connection') asksForEnd = head.slice(colon + 1, end).trim() === 'close';
    else if (name === 'host') lines += `Host: 127.0.0.1:${upstreamPort}\r\n`;
    else if (name !== 'keep-alive') lines += head.slice(from, end);
    if (name === 'content-length') length = Number(head.slice(colon + 1, end));
    from = end;
  }
  return lines;
}

function request(client: Connection): void {
  const lines = passedOn(latin1(input, 0, input.indexOf('\r\n\r\n') + 2));
  client.closes = asksForEnd;
  const bytes = latin1Write.call(output, `${lines}\r\n`, 0);
  let upstream = idle.pop();
  if (upstream === undefined) {
    upstream = open(calls.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), false);
    const address = addressOf(upstreamPort);
    calls.connect(upstream.fd, address, address.length);
    upstream.rest = Buffer.from(output.subarray(0, bytes)); // Sent once it is connected.
  } else send(upstream, output, outputAt, bytes);
  upstream.peer = client;
  client.peer = upstream;
}

function response(upstream: Connection, client: Connection, bytes: number): void {
  if (upstream.left < 0) {
    const end = input.indexOf('\r\n\r\n') + 2;
    const lines = passedOn(latin1(input, 0, end));
    const last = client.closes ? 'Connection: close\r\n\r\n' : '\r\n';
    const head = latin1Write.call(output, lines + last, 0);
    const body = bytes - end - 2;
    input.copy(output, head, end + 2, bytes);
    upstream.left = length - body;
    send(client, output, outputAt, head + body);
  } else {
    upstream.left -= bytes;
    send(client, input, inputAt, bytes);
  }
  if (upstream.left > 0) return;
  upstream.left = -1;
  upstream.peer = undefined;
  client.peer = undefined;
  idle.push(upstream);
  if (client.closes && client.rest === undefined) close(client);
}

/** Reads until the kernel has no more: a read that did not fill the buffer says so. */
function read(from: Connection): void {
  let bytes = BUFFER_BYTES;
  while (bytes === BUFFER_BYTES) {
    if (from.peer?.rest !== undefined) return; // It is read when that has gone.
    bytes = calls.recv(from.fd, inputAt, BUFFER_BYTES, 0);
    if (bytes <= 0) {
      if (bytes !== -EAGAIN) close(from);
      return;
    }
    if (from.isClient) request(from);
    else if (from.peer !== undefined) response(from, from.peer, bytes);
  }
}

function write(to: Connection): void {
  const { rest } = to;
  if (rest === undefined) return;
  send(to, rest, calls.addressOf(rest), rest.length);
  if (to.rest !== undefined) return;
  if (to.peer !== undefined) read(to.peer);
  else if (to.closes) close(to);
}

function visit(): void {
  for (let rounds = 0; rounds < ROUNDS_MAX; rounds += 1) {
    const count = calls.epollWait(epoll, events, EVENTS_MAX, 0);
    if (count <= 0) break;
    for (let at = 0; at < count * EVENT_INTS; at += EVENT_INTS) {
      const fd = events[at + DATA_INT] as number;
      const connection = connections[fd];
      if (fd === listener) acceptAll();
      else if (connection !== undefined) {
        write(connection);
        if (((events[at] as number) & ~EPOLLOUT) !== 0) read(connection);
      }
    }
  }
  runReactions();
}

calls.setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, one);
const local = addressOf(port);
if (calls.bind(listener, local, local.length) < 0) throw new Error(`port ${port} is taken`);
calls.listen(listener, BACKLOG);
watch(listener);
const poll: ReturnType<typeof koffi.node.poll> = koffi.node.poll(epoll, { readable: true }, visit);
hold(poll, {});
