import { type Answer, decode, encode, type Packet } from 'dns-packet';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { timerOperation } from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { IoError } from '../../src/net/io-error.ts';
import { openUdp, type Udp } from '../../src/net/udp.ts';

/** What the server says to one question; without anything: no data, for 60 seconds. */
export type ZoneAnswer = {
  readonly records?: readonly Answer[];
  /** The number of a response code; default 0. */
  readonly rcode?: number;
  readonly silent?: boolean;
  readonly afterMs?: number;
  /** TTL of the SOA of a negative answer, default 60; `undefined`: there is none. */
  readonly negativeTtl?: number | undefined;
};

const NXDOMAIN = 3;
/** QR, RD and RA; the code is in the last four bits. */
const RESPONSE_FLAGS = 0x8180;

/** A name server over UDP with a table of answers, made with dns-packet and not with our codec. */
export class ZoneServer {
  /** Every question, in order, as `name TYPE`, in small letters. */
  readonly queries: string[] = [];
  readonly endpoint: Endpoint;
  /** For what is not in the table: no such name. */
  other: ZoneAnswer = { rcode: NXDOMAIN };
  readonly #port: ProactorPort;
  readonly #socket: Udp;
  readonly #zone = new Map<string, ZoneAnswer>();
  readonly #serving: Promise<void>;

  /** Listens on a free port of `any`. */
  static async open(port: ProactorPort, any: Endpoint): Promise<ZoneServer> {
    return new ZoneServer(port, await openUdp(port, any));
  }

  constructor(port: ProactorPort, socket: Udp) {
    this.#port = port;
    this.#socket = socket;
    this.endpoint = socket.endpoint;
    this.#serving = this.#serve();
  }

  /** As it is given to a resolver. */
  get text(): string {
    return `${this.endpoint.address}:${this.endpoint.port}`;
  }

  set(name: string, type: string, answer: ZoneAnswer): void {
    this.#zone.set(`${name} ${type}`, answer);
  }

  /** Both families of a name: IPv4 and IPv6 addresses as they come. */
  addresses(name: string, addresses: readonly string[], ttl = 60): void {
    const ipv6 = addresses.filter((address) => address.includes(':'));
    const ipv4 = addresses.filter((address) => !address.includes(':'));
    this.set(name, 'A', { records: ipv4.map((data) => ({ type: 'A', name, ttl, data })) });
    this.set(name, 'AAAA', { records: ipv6.map((data) => ({ type: 'AAAA', name, ttl, data })) });
  }

  /** The same for both families. */
  both(name: string, answer: ZoneAnswer): void {
    this.set(name, 'A', answer);
    this.set(name, 'AAAA', answer);
  }

  /** How often this was asked. */
  count(question: string): number {
    return this.queries.filter((one) => one === question).length;
  }

  async close(): Promise<void> {
    await this.#socket.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    try {
      for await (const { data, from } of this.#socket) await this.#answer(Buffer.from(data), from);
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }

  async #answer(data: Buffer, from: Endpoint | undefined): Promise<void> {
    const query = decode(data);
    const question = query.questions?.[0];
    if (question === undefined || from === undefined) return;
    const key = `${question.name.toLowerCase()} ${question.type}`;
    this.queries.push(key);
    const answer = this.#zone.get(key) ?? this.other;
    if (answer.silent === true) return;
    const reply = replyOf(query, question.name, answer);
    if (answer.afterMs === undefined) await this.#socket.send(reply, from);
    else this.#later(answer.afterMs, reply, from);
  }

  #later(ms: number, reply: Uint8Array, to: Endpoint): void {
    const timer = timerOperation(({ status }) => {
      if (status !== 'done') return;
      this.#socket.send(reply, to).catch((error: unknown) => {
        if (!isClosed(error)) throw error;
      });
    });
    timer.atMs = this.#port.loop.nowMs() + ms;
    timer.background = true;
    this.#port.submit(timer);
  }
}

function replyOf(query: Packet, name: string, answer: ZoneAnswer): Uint8Array {
  const { records = [], rcode = 0 } = answer;
  const negativeTtl = 'negativeTtl' in answer ? answer.negativeTtl : 60;
  const isNegative = records.length === 0 && (rcode === 0 || rcode === NXDOMAIN);
  const reply = encode({
    type: 'response',
    id: query.id ?? 0,
    questions: query.questions ?? [],
    // The first owner in the letters of the question, as servers do that compress.
    answers: records.map((one) => (one.name === name.toLowerCase() ? { ...one, name } : one)),
    authorities: isNegative && negativeTtl !== undefined ? [soa(name, negativeTtl)] : [],
  });
  reply.writeUInt16BE(RESPONSE_FLAGS | rcode, 2);
  return reply;
}

function soa(name: string, ttl: number): Answer {
  const times = { serial: 1, refresh: 1, retry: 1, expire: 1, minimum: ttl };
  const data = { mname: 'ns.test', rname: 'admin.test', ...times };
  return { type: 'SOA', name: name.split('.').at(-1) ?? name, ttl, data };
}

function isClosed(error: unknown): boolean {
  return error instanceof IoError && ['cancelled', 'closed'].includes(error.code);
}
