import { createRequire } from 'node:module';
import dnsPacket from 'dns-packet';
import { formatIp, parseIp } from '../../../src/net/ip.ts';

const require = createRequire(import.meta.url);
const { toString: typeName } = require('dns-packet/types') as { toString(type: number): string };

/** What dns-packet makes of a message, read as ours is. */
export type PacketReading = {
  /** As `PlainReading.said`; `throws` when it would not decode it. */
  readonly said: string;
  readonly data: readonly unknown[];
  readonly canonical?: string;
};

type Packet = {
  readonly rcode: string;
  readonly opcode: string;
  readonly flag_qr: boolean;
  readonly flag_tc: boolean;
  readonly questions: readonly Named[];
  readonly answers: readonly PacketRecord[];
  readonly authorities: readonly PacketRecord[];
  readonly additionals: readonly PacketRecord[];
};
type Named = { readonly name: string; readonly type: string; readonly class: string };
type PacketRecord = Named & {
  readonly ttl: number;
  readonly extendedRcode?: number;
  // biome-ignore lint/suspicious/noExplicitAny: a form for each type, compared as values
  readonly data: any;
};

/** Decodes, and follows the chain from `name`. The query had OPT, its letters were small. */
export function packetReading(
  name: string,
  type: string,
  message: Buffer,
  exactCase: boolean,
): PacketReading {
  const packet = decoded(message);
  if (packet === undefined) return { said: 'throws', data: [] };
  const front = frontOf(packet, name, type, exactCase);
  if (front !== undefined) return { said: front, data: [] };
  const extended = packet.additionals.find((each) => each.type === 'OPT')?.extendedRcode ?? 0;
  const rcode = ((message[3] as number) & 15) + 16 * extended;
  if (rcode !== 0 && rcode !== 3) return { said: `rcode ${rcode}`, data: [] };
  return follow(packet, name, type, rcode);
}

/** Bytes that dns-packet takes for the data of a record, its length included; -1: it throws. */
export function packetBytes(message: Buffer, type: number, lengthAt: number): number {
  const codec = (dnsPacket as unknown as Codecs).record(typeName(type));
  try {
    codec.decode(message, lengthAt);
    return codec.decode.bytes;
  } catch {
    return -1;
  }
}

/** Would dns-packet decode the name at `at`? */
export function packetKnowsName(message: Buffer, at: number): boolean {
  try {
    (dnsPacket as unknown as Codecs).name.decode(message, at);
    return true;
  } catch {
    return false;
  }
}

type Codecs = {
  readonly name: { decode(message: Buffer, at: number): string };
  record(type: string): { decode: { (message: Buffer, at: number): unknown; bytes: number } };
};

function decoded(message: Buffer): Packet | undefined {
  try {
    return dnsPacket.decode(message) as unknown as Packet;
  } catch {
    return undefined;
  }
}

function frontOf(packet: Packet, name: string, type: string, exactCase: boolean) {
  if (!packet.flag_qr || packet.opcode !== 'QUERY') return 'drop header';
  const question = packet.questions[0];
  if (packet.questions.length !== 1 || question === undefined) return 'drop question';
  if (question.type !== type || question.class !== 'IN') return 'drop question';
  if (lower(question.name) !== lower(name)) return 'drop question';
  if (exactCase && question.name !== name) return 'drop case';
  return packet.flag_tc ? 'truncated' : undefined;
}

function follow(packet: Packet, asked: string, type: string, rcode: number): PacketReading {
  let canonical = asked;
  let ttl = Number.POSITIVE_INFINITY;
  const least = (of: readonly PacketRecord[]) => Math.min(ttl, ...of.map((each) => each.ttl));
  for (let links = 0; ; links += 1) {
    const own = packet.answers.filter(
      (each) => each.class === 'IN' && lower(each.name) === lower(canonical),
    );
    const found = rcode === 0 ? own.filter((each) => each.type === type) : [];
    if (found.length > 0) {
      const all = found.map(({ data }) => plain(type, data));
      const data = type === 'A' || type === 'AAAA' ? [...new Set(all)] : all;
      return { said: `answer ${data.length} ${links} ${least(found)}`, data, canonical };
    }
    const aliases = own.filter((each) => each.type === 'CNAME');
    const target = aliases[0]?.data as string | undefined;
    if (target === undefined) {
      const said = negative(packet, canonical, rcode, links, ttl);
      return { said, data: [], canonical };
    }
    const others = aliases.some(({ data }) => lower(data) !== lower(target));
    if (others || links === 8) return { said: 'drop owner', data: [] };
    ttl = least(aliases);
    canonical = target;
  }
}

function negative(packet: Packet, name: string, rcode: number, links: number, ttl: number): string {
  const soa = packet.authorities.find((each) => {
    if (each.type !== 'SOA' || each.class !== 'IN') return false;
    const owner = each.name === '.' ? '' : `.${lower(each.name)}`;
    return `.${lower(name)}`.endsWith(owner);
  });
  const kind = rcode === 3 ? 'nxdomain' : 'nodata';
  if (soa !== undefined) return `${kind} 0 ${links} ${Math.min(ttl, soa.ttl, soa.data.minimum)}`;
  return rcode === 3 || links === 0 ? `${kind} 0 ${links} -` : `alias 0 ${links} ${ttl}`;
}

/** Data in our form. */
// biome-ignore lint/suspicious/noExplicitAny: a form for each type
function plain(type: string, data: any): unknown {
  switch (type) {
    case 'AAAA': {
      const bytes = parseIp(data);
      return typeof bytes === 'number' ? data : formatIp(bytes);
    }
    case 'TXT':
      return data.map((each: Buffer) => each.toString('utf8'));
    case 'MX':
      return { priority: data.preference, exchange: data.exchange };
    case 'SOA': {
      const { mname, rname, minimum, ...numbers } = data;
      return { nsname: mname, hostmaster: rname, minttl: minimum, ...numbers };
    }
    case 'CAA':
      return { critical: data.issuerCritical, tag: data.tag, value: data.value };
    case 'NAPTR': {
      const { services, ...others } = data;
      return { service: services, ...others };
    }
    default:
      return data;
  }
}

function lower(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
