import { parseArgs } from 'node:util';
import { linuxCalls } from '../../adapters/epoll/linux-calls.ts';
import {
  AF_INET,
  EAGAIN,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLIN,
  EPOLLOUT,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SHUT_WR,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../../adapters/linux/constants.ts';
import { loadKoffi } from '../../adapters/linux/koffi.ts';
import { encodeAddress } from '../../adapters/linux/socket-address.ts';

// node load.js --port P --listen U --connections N --seconds S [--message BYTES] [--bytes MAX]
// Both ends of a relay in one process, by plain system calls, so that they cost little: sources on P,
// sinks accepted on U. Without --message each source sends as fast as it can, for S seconds or MAX
// bytes, and each sink throws away (MSG_TRUNC). With it, each source sends a message, waits until
// the sink has sent it back, and sends the next. Then all is ended and counted, as one line of JSON.

const DRAIN_MS_MAX = 10_000;
const WAIT_MS = 100;
const CHUNK_BYTES = 256 * 1024;
const EVENTS = 64;
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = process.arch === 'x64' ? 1 : 2;

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    listen: { type: 'string' },
    connections: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '1' },
    message: { type: 'string', default: '0' },
    bytes: { type: 'string', default: '100000000000' },
  },
});
const connections = Number(values.connections);
const messageBytes = Number(values.message);
const bytesMax = Number(values.bytes);

const calls = linuxCalls(loadKoffi('epoll'));
const chunk = Buffer.alloc(CHUNK_BYTES, 'relay');
const chunkAddress = calls.addressOf(chunk);
const epoll = must(calls.epollCreate(), 'epoll_create1');
const event = new Int32Array(EVENT_WORDS);
const events = new Int32Array(EVENTS * EVENT_WORDS);
/** Bytes of the newest message that have come. */
const partOf = new Map<number, number>();
const sources = new Set<number>();
const sinks = new Set<number>();
const open = new Set<number>();
let sent = 0;
let received = 0;
let messages = 0;

function must(answer: number, what: string): number {
  if (answer < 0) throw new Error(`${what}: errno ${-answer}`);
  return answer;
}

function addressOf(port: number): Buffer {
  return encodeAddress({ family: 'ipv4', address: '127.0.0.1', port }) as Buffer;
}

function watch(fd: number, bits: number): void {
  event[0] = bits;
  event[DATA_WORD] = fd;
  must(calls.epollControl(epoll, EPOLL_CTL_ADD, fd, event), 'epoll_ctl');
}

function streamSocket(): number {
  const fd = must(calls.socket(AF_INET, SOCK_STREAM, 0), 'socket');
  calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, Int32Array.of(1));
  return fd;
}

function openAll(): void {
  const listener = streamSocket();
  calls.setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(1));
  const address = addressOf(Number(values.listen));
  must(calls.bind(listener, address, address.length), 'bind');
  must(calls.listen(listener, connections), 'listen');
  const to = addressOf(Number(values.port));
  const from = Buffer.alloc(to.length);
  for (let i = 0; i < connections; i += 1) {
    const source = streamSocket();
    must(calls.connect(source, to, to.length), 'connect');
    sources.add(source);
    // The relay connects in turn: a wait for it, and no other.
    const sink = must(calls.accept4(listener, from, Int32Array.of(from.length), 0), 'accept4');
    sinks.add(sink);
  }
  for (const fd of [...sources, ...sinks]) {
    open.add(fd);
    watch(fd, messageBytes === 0 && sources.has(fd) ? EPOLLOUT : EPOLLIN);
  }
}

function send(fd: number, bytes: number): void {
  const answer = calls.send(fd, chunkAddress, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (answer === -EAGAIN) return;
  sent += must(answer, 'send');
}

/** `false`: there is nothing more. */
function drop(fd: number): boolean {
  const bytes = calls.recv(fd, 0, 4 * CHUNK_BYTES, MSG_TRUNC | MSG_DONTWAIT);
  if (bytes === -EAGAIN) return true;
  if (must(bytes, 'recv') === 0) {
    open.delete(fd);
    calls.epollControl(epoll, EPOLL_CTL_DEL, fd, null);
    return false;
  }
  received += bytes;
  partOf.set(fd, (partOf.get(fd) ?? 0) + bytes);
  return true;
}

/** Answers a whole message with one as long, until the time is over. */
function answerMessage(fd: number, over: boolean): void {
  if (!drop(fd) || (partOf.get(fd) ?? 0) < messageBytes) return;
  partOf.set(fd, (partOf.get(fd) ?? 0) - messageBytes);
  messages += 1;
  if (sinks.has(fd) || !over) send(fd, messageBytes);
  else calls.shutdown(fd, SHUT_WR);
}

function turn(over: boolean): void {
  const count = Math.max(calls.epollWait(epoll, events, EVENTS, WAIT_MS), 0);
  for (let i = 0; i < count; i += 1) {
    const fd = events[i * EVENT_WORDS + DATA_WORD] as number;
    if (messageBytes > 0) answerMessage(fd, over);
    else if (sources.has(fd)) send(fd, CHUNK_BYTES);
    else drop(fd);
  }
}

/** A source that only sends hears nothing of the end; a sink's end is its last byte. */
function endSources(): void {
  for (const fd of sources) {
    calls.epollControl(epoll, EPOLL_CTL_DEL, fd, null);
    must(calls.shutdown(fd, SHUT_WR), 'shutdown');
    open.delete(fd);
  }
}

openAll();
const beginMs = performance.now();
const endMs = beginMs + 1000 * Number(values.seconds);
if (messageBytes > 0) for (const fd of sources) send(fd, messageBytes);
const isOver = (): boolean => performance.now() >= endMs || sent >= bytesMax;
while (!isOver()) turn(false);
const seconds = (performance.now() - beginMs) / 1000;
if (messageBytes === 0) endSources();
const isOpen = (): boolean => [...sinks].some((fd) => open.has(fd));
while (isOpen() && performance.now() < endMs + DRAIN_MS_MAX) turn(true);
console.log(JSON.stringify({ sent, received, messages, seconds, ended: !isOpen() }));
