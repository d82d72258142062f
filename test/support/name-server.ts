import type { Endpoint } from '../../src/core/endpoint.ts';
import { timerOperation } from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { IoError } from '../../src/net/io-error.ts';
import { type Listener, listen } from '../../src/net/listener.ts';
import type { Stream } from '../../src/net/stream.ts';
import { openUdp, type Udp } from '../../src/net/udp.ts';

/** One query as it came. */
export type Query = {
  readonly data: Buffer;
  readonly from: Endpoint;
  readonly over: 'udp' | 'tcp';
  readonly atMs: number;
  readonly id: number;
  /** As text, in its own letters. */
  readonly name: string;
  readonly type: number;
  readonly hasOpt: boolean;
  /** Sends a message to who asked, after a while. */
  send(message: Uint8Array, delayMs?: number): void;
};

/** What a server does with its `nth` query, from 0. */
export type Script = (query: Query, nth: number) => void;

/** A name server that does what a test says, over UDP and, where it has to, TCP. */
export class NameServer {
  readonly endpoint: Endpoint;
  readonly queries: Query[] = [];
  script: Script;
  readonly #port: ProactorPort;
  readonly #udp: Udp;
  readonly #listener: Listener | undefined;
  readonly #serving: Promise<unknown>[];

  constructor(port: ProactorPort, udp: Udp, listener: Listener | undefined, script: Script) {
    this.#port = port;
    this.#udp = udp;
    this.#listener = listener;
    this.script = script;
    this.endpoint = udp.endpoint;
    this.#serving = [ended(this.#serveUdp())];
    if (listener !== undefined) this.#serving.push(ended(this.#serveTcp(listener)));
  }

  /** From which ports queries came over UDP. */
  get ports(): number[] {
    return this.queries.filter(({ over }) => over === 'udp').map(({ from }) => from.port);
  }

  async close(): Promise<void> {
    await this.#udp.close();
    await this.#listener?.close();
    await Promise.all(this.#serving);
  }

  /** To anybody, asked or not. */
  async send(message: Uint8Array, to: Endpoint): Promise<void> {
    await ended(this.#udp.send(message, to));
  }

  async #serveUdp(): Promise<void> {
    for await (const { data, from } of this.#udp) {
      if (from === undefined) continue;
      this.#heard(Buffer.from(data), from, 'udp', (message) => this.#udp.send(message, from));
    }
  }

  async #serveTcp(listener: Listener): Promise<void> {
    for await (const stream of listener) this.#serving.push(ended(this.#serveStream(stream)));
  }

  async #serveStream(stream: Stream): Promise<void> {
    let kept = Buffer.alloc(0);
    for await (const chunk of stream) {
      kept = Buffer.concat([kept, chunk]);
      while (kept.length >= 2 && kept.length >= 2 + kept.readUInt16BE(0)) {
        const end = 2 + kept.readUInt16BE(0);
        this.#heard(kept.subarray(2, end), stream.remote as Endpoint, 'tcp', (message) => {
          const length = Buffer.from([message.length >>> 8, message.length & 0xff]);
          return stream.send(Buffer.concat([length, message]));
        });
        kept = kept.subarray(end);
      }
    }
    await stream.close();
  }

  #heard(
    data: Buffer,
    from: Endpoint,
    over: Query['over'],
    reply: (message: Uint8Array) => Promise<void>,
  ): void {
    const send = (message: Uint8Array, delayMs = 0) => {
      if (delayMs === 0) void ended(reply(message));
      else this.#after(delayMs, () => void ended(reply(message)));
    };
    const { name, end } = questionOf(data);
    const query = {
      data,
      from,
      over,
      atMs: this.#port.loop.nowMs(),
      id: data.readUInt16BE(0),
      name,
      type: data.readUInt16BE(end - 4),
      hasOpt: data.readUInt16BE(10) === 1,
      send,
    };
    this.queries.push(query);
    this.script(query, this.queries.length - 1);
  }

  #after(delayMs: number, then: () => void): void {
    const timer = timerOperation(() => {
      if (timer.status === 'done') then();
    });
    timer.atMs = this.#port.loop.nowMs() + delayMs;
    this.#port.submit(timer);
  }
}

const TRIES_MAX = 16;

/** Opens one at `local`, with `tcp` also for streams, on the same number. */
export async function nameServer(
  port: ProactorPort,
  local: Endpoint,
  script: Script,
  { tcp = false }: { readonly tcp?: boolean } = {},
): Promise<NameServer> {
  for (let tries = 1; ; tries += 1) {
    const udp = await openUdp(port, local);
    try {
      const listener = tcp ? await listen(port, udp.endpoint) : undefined;
      return new NameServer(port, udp, listener, script);
    } catch (error) {
      // What is free for datagrams need not be free for streams.
      await udp.close();
      if (tries === TRIES_MAX) throw error;
    }
  }
}

export type ReplyParts = {
  readonly id?: number;
  readonly flags?: number;
  readonly rcode?: number;
  readonly truncated?: boolean;
  readonly questionCount?: number;
  /** In place of the one that was asked. */
  readonly question?: Uint8Array;
  /** Addresses, of whatever was asked for. */
  readonly addresses?: readonly string[];
};

/** A response to `query`, right in everything that is not said otherwise. */
export function reply({ data, id }: Query, parts: ReplyParts = {}): Buffer {
  const { addresses = [], question = data.subarray(12, questionOf(data).end) } = parts;
  const header = Buffer.alloc(12);
  const flags = (parts.flags ?? 0x8180) | (parts.rcode ?? 0) | (parts.truncated ? 0x200 : 0);
  for (const [index, field] of [
    parts.id ?? id,
    flags,
    parts.questionCount ?? 1,
    addresses.length,
  ].entries()) {
    header.writeUInt16BE(field, 2 * index);
  }
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, question, ...records]);
}

/** Always the same address. */
export function answering(address: string, delayMs = 0): Script {
  return (query) => query.send(reply(query, { addresses: [address] }), delayMs);
}

export const silent: Script = () => {};

export function refusing(rcode: number): Script {
  return (query) => query.send(reply(query, { rcode }));
}

/** The name of a question as text, and where the question ends. */
export function questionOf(message: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] as number; length > 0; length = message[at] as number) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 5 };
}

/** A test closes sockets, and ports, under its servers. */
async function ended(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
  }
}
