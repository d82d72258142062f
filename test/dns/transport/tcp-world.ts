import { nodeRandom } from '../../../adapters/node/node-random.ts';
import {
  type TcpAsker,
  TcpConnection,
  type TcpFailure,
  TcpPlace,
  type TcpStray,
} from '../../../src/dns/transport/tcp-connection.ts';
import { IoError, type Listener, listen, type Stream } from '../../../src/net/index.ts';
import type { World } from '../../net/worlds.ts';
import { replyTo, wireName } from '../../support/dns-reply.ts';

/** Flags of a query with recursion desired; its number is 0. */
export function queryFor(name: string): Buffer {
  const header = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, wireName(name), Buffer.from([0, 1, 0, 1])]);
}

/** With its length in front. */
export function framed(...messages: readonly Uint8Array[]): Buffer {
  const parts = messages.map((message) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    return Buffer.concat([length, message]);
  });
  return Buffer.concat(parts);
}

/** An answer without records, which is told from others by its question. */
export function answerTo(query: Uint8Array, options: { id?: number; flags?: number } = {}): Buffer {
  return replyTo(query, [], options);
}

/** Takes what has its own question and no error; what became of it is `end`. */
export class TestAsker implements TcpAsker {
  readonly query: Buffer;
  readonly tcp: TcpPlace = new TcpPlace();
  readonly deadlineMs: number;
  readonly end: Promise<Buffer | TcpFailure>;
  /** Whatever was shown, in copies. */
  readonly shown: Buffer[] = [];
  /** How often it ended. */
  ends = 0;
  onReply: (message: Buffer) => boolean;
  #resolve!: (end: Buffer | TcpFailure) => void;

  constructor(name: string, deadlineMs: number) {
    this.query = queryFor(name);
    this.deadlineMs = deadlineMs;
    this.end = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.onReply = (message) =>
      ((message[3] as number) & 15) === 0 &&
      message.subarray(12, this.query.length).equals(this.query.subarray(12));
  }

  tcpReply(message: Uint8Array): boolean {
    const copy = Buffer.from(message);
    this.shown.push(copy);
    if (!this.onReply(copy)) return false;
    this.ends += 1;
    this.#resolve(copy);
    return true;
  }

  tcpFailed(failure: TcpFailure): void {
    this.ends += 1;
    this.#resolve(failure);
  }
}

/** How an asker ended, in a word. */
export async function endOf(asker: TestAsker): Promise<string> {
  const end = await asker.end;
  return Buffer.isBuffer(end) ? 'answer' : `${end.code}${end.reused ? ' (reused)' : ''}`;
}

/** A server that does with each connection what a test wants, and a connection to it. */
export type TcpScene = {
  readonly connection: TcpConnection;
  readonly strays: TcpStray[];
  readonly listener: Listener;
  /** Connections that were accepted. */
  readonly accepted: Stream[];
  asker(name: string, timeoutMs?: number): TestAsker;
  /** An asker that has been asked. */
  ask(name: string, timeoutMs?: number): TestAsker;
  /** Ends both sides; no socket is left. */
  close(): Promise<void>;
};

/** Messages as they come, read in a way of its own. */
export async function* queriesOf(stream: Stream): AsyncGenerator<Buffer, void, undefined> {
  const length = Buffer.alloc(2);
  for (;;) {
    if ((await stream.recvInto([length], { minBytes: 2 })) < 2) return;
    const message = Buffer.alloc(length.readUInt16BE(0));
    await stream.recvInto([message], { minBytes: message.length });
    yield message;
  }
}

export type Serve = (stream: Stream, index: number) => Promise<void>;

/** Answers every query at once, and ends when its client does. */
export const obliging: Serve = async (stream) => {
  for await (const query of queriesOf(stream)) await stream.send(framed(answerTo(query)));
  await stream.close();
};

export async function tcpScene(world: World, serve: Serve): Promise<TcpScene> {
  const { port } = world;
  const listener = await listen(port, world.any);
  const accepted: Stream[] = [];
  const serving: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const stream of listener) {
      accepted.push(stream);
      // Its client may end the connection at any time.
      serving.push(serve(stream, accepted.length - 1).catch(ignoreEnds));
    }
  })();
  const strays: TcpStray[] = [];
  const connection = new TcpConnection({
    port,
    server: listener.endpoint,
    random: nodeRandom(),
    onStray: (reason) => strays.push(reason),
  });
  const asker = (name: string, timeoutMs = 5_000) =>
    new TestAsker(name, port.loop.nowMs() + timeoutMs);
  const ask = (name: string, timeoutMs?: number) => {
    const asked = asker(name, timeoutMs);
    if (!connection.ask(asked)) throw new Error('refused by a bound');
    return asked;
  };
  const close = async () => {
    await new Promise<void>((resolve) => connection.close(resolve));
    await listener.close();
    await accepting;
    await Promise.all(accepted.map((stream) => stream.close({ how: 'reset' })));
    await Promise.all(serving);
  };
  return { connection, strays, listener, accepted, asker, ask, close };
}

function ignoreEnds(error: unknown): void {
  const ends = ['reset', 'brokenPipe', 'cancelled', 'closed'];
  if (!(error instanceof IoError) || !ends.includes(error.code)) throw error;
}
