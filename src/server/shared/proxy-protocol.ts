import { formatIp, parseIpv4, parseIpv6 } from '../../net/ip.ts';

/** Longest line of version 1, its CRLF included (PROXY protocol, section 2.1). */
export const PROXY_LINE_BYTES_MAX: number = 107;
/** Longest head of version 2 that is taken; the protocol itself allows 65,551 bytes. */
export const PROXY_HEAD_BYTES_MAX: number = 4096;

/** One end of the connection that the sender had. */
export type ProxyEnd = { readonly address: string; readonly port: number };

/** What a PROXY protocol head says. Without ends: the sender speaks for itself, or does not know. */
export type ProxyHead = {
  readonly source: ProxyEnd | undefined;
  readonly destination: ProxyEnd | undefined;
  /** Of version 2: what follows the addresses, type, length and value each. */
  readonly tlvs: Uint8Array;
};

/** The bytes are no PROXY protocol head. */
export class ProxyProtocolError extends Error {}

const NO_BYTES = new Uint8Array(0);
const NOTHING: ProxyHead = { source: undefined, destination: undefined, tlvs: NO_BYTES };
const SIGNATURE = Uint8Array.from([13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]);
const FIXED_BYTES = 16;
const LF = 0x0a;
const UPPER_P = 0x50;

/** Consumes what it can; the state that comes next, or `undefined` at the end. */
type State = (parser: ProxyHeadParser) => State | undefined;

/**
 * Reads the head that a proxy writes before everything else on a connection, in versions 1 and 2.
 * Bytes come in whatever pieces; what follows the head is not touched.
 *
 *   firstByte ──'P'──► line ──LF──► done
 *       └──── CR ──► signature and fixed part ──► addresses and TLVs ──► done
 */
export class ProxyHeadParser {
  head: ProxyHead | undefined;
  // The current piece, for states.
  input: Uint8Array = NO_BYTES;
  at = 0;
  to = 0;
  line = '';
  readonly fixed: Uint8Array = new Uint8Array(FIXED_BYTES);
  rest: Uint8Array = NO_BYTES;
  filled = 0;
  #state: State | undefined = firstByte;

  /**
   * Reads `input` from `from` to `to`. Answers where the head ended, `to` where it has not (`head`
   * is not set then). Throws `ProxyProtocolError`; the parser is of no use after that.
   */
  read(input: Uint8Array, from: number, to: number): number {
    this.input = input;
    this.at = from;
    this.to = to;
    while (this.#state !== undefined && this.at < this.to) this.#state = this.#state(this);
    this.input = NO_BYTES;
    return this.at;
  }
}

const firstByte: State = ({ input, at }) => {
  const byte = input[at];
  if (byte === UPPER_P) return line;
  if (byte === SIGNATURE[0]) return fixed;
  throw new ProxyProtocolError('broken header');
};

const line: State = (parser) => {
  for (; parser.at < parser.to; parser.at += 1) {
    const byte = parser.input[parser.at] as number;
    parser.line += String.fromCharCode(byte);
    if (byte === LF) {
      parser.at += 1;
      parser.head = headOfLine(parser.line);
      return undefined;
    }
    if (parser.line.length === PROXY_LINE_BYTES_MAX || !canBegin(parser.line)) {
      throw new ProxyProtocolError(`broken header: "${parser.line}"`);
    }
  }
  return line;
};

const STARTS = ['PROXY TCP4 ', 'PROXY TCP6 ', 'PROXY UNKNOWN'];
const START_LENGTH = 13;

/** A line that is none is refused at once: who has sent it may send nothing more. */
function canBegin(text: string): boolean {
  if (text.length > START_LENGTH) return true;
  return STARTS.some((start) => start.startsWith(text) || text.startsWith(start));
}

const fixed: State = (parser) => {
  for (; parser.at < parser.to && parser.filled < FIXED_BYTES; parser.at += 1) {
    const byte = parser.input[parser.at] as number;
    if (parser.filled < SIGNATURE.length && byte !== SIGNATURE[parser.filled]) {
      throw new ProxyProtocolError('broken header');
    }
    parser.fixed[parser.filled] = byte;
    parser.filled += 1;
  }
  if (parser.filled < FIXED_BYTES) return fixed;
  const [versionAndCommand = 0] = parser.fixed.subarray(12);
  if (versionAndCommand >> 4 !== 2) {
    throw new ProxyProtocolError(`unknown PROXY protocol version: ${versionAndCommand >> 4}`);
  }
  // "Receivers must drop connections presenting unexpected values here" (section 2.2).
  if ((versionAndCommand & 15) > 1) throw new ProxyProtocolError('unknown command');
  const bytes = (parser.fixed[14] as number) * 256 + (parser.fixed[15] as number);
  if (bytes > PROXY_HEAD_BYTES_MAX - FIXED_BYTES) {
    throw new ProxyProtocolError('header is too large');
  }
  if (bytes === 0) {
    parser.head = headOfBytes(parser.fixed, NO_BYTES);
    return undefined;
  }
  parser.rest = new Uint8Array(bytes);
  parser.filled = 0;
  return rest;
};

const rest: State = (parser) => {
  const bytes = Math.min(parser.to - parser.at, parser.rest.length - parser.filled);
  parser.rest.set(parser.input.subarray(parser.at, parser.at + bytes), parser.filled);
  parser.at += bytes;
  parser.filled += bytes;
  if (parser.filled < parser.rest.length) return rest;
  parser.head = headOfBytes(parser.fixed, parser.rest);
  return undefined;
};

const LINE =
  /^PROXY TCP([46]) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/;
const UNKNOWN = /^PROXY UNKNOWN(?: [^\r\n]*)?\r\n$/;

function headOfLine(text: string): ProxyHead {
  if (UNKNOWN.test(text)) return NOTHING;
  const found = LINE.exec(text);
  if (found === null) throw new ProxyProtocolError(`broken header: "${text.trimEnd()}"`);
  const [, version, from = '', to = '', fromPort, toPort] = found;
  const parse = version === '4' ? parseIpv4 : parseIpv6;
  const areAddresses = typeof parse(from) === 'object' && typeof parse(to) === 'object';
  if (!areAddresses || Number(fromPort) > 65_535 || Number(toPort) > 65_535) {
    throw new ProxyProtocolError(`broken header: "${text.trimEnd()}"`);
  }
  return {
    source: { address: from, port: Number(fromPort) },
    destination: { address: to, port: Number(toPort) },
    tlvs: NO_BYTES,
  };
}

const STREAM = 1;
/** Bytes of one address, by family: 1 is IPv4, 2 is IPv6. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 16 };

function headOfBytes(fixedPart: Uint8Array, body: Uint8Array): ProxyHead {
  const isProxied = ((fixedPart[12] as number) & 15) === 1;
  const transport = (fixedPart[13] as number) & 15;
  const size = ADDRESS_BYTES[(fixedPart[13] as number) >> 4];
  // A local connection, or one of a kind that is none of ours: it goes on without addresses.
  if (!isProxied || transport !== STREAM || size === undefined) return NOTHING;
  const addressBytes = 2 * size + 4;
  if (body.length < addressBytes) throw new ProxyProtocolError('broken header');
  const tlvs = body.subarray(addressBytes);
  checkTlvs(tlvs);
  const portAt = (at: number): number => (body[at] as number) * 256 + (body[at + 1] as number);
  return {
    source: { address: formatIp(body.subarray(0, size)), port: portAt(2 * size) },
    destination: { address: formatIp(body.subarray(size, 2 * size)), port: portAt(2 * size + 2) },
    tlvs,
  };
}

const TLV_HEAD_BYTES = 3;

function checkTlvs(tlvs: Uint8Array): void {
  let at = 0;
  while (at + TLV_HEAD_BYTES <= tlvs.length) {
    at += TLV_HEAD_BYTES + (tlvs[at + 1] as number) * 256 + (tlvs[at + 2] as number);
  }
  if (at !== tlvs.length) throw new ProxyProtocolError('broken PROXY protocol TLV');
}

/** The value of the first entry of this type. */
function entryOf(tlvs: Uint8Array, type: number): Uint8Array | undefined {
  let at = 0;
  while (at + TLV_HEAD_BYTES <= tlvs.length) {
    const start = at + TLV_HEAD_BYTES;
    const end = start + (tlvs[at + 1] as number) * 256 + (tlvs[at + 2] as number);
    if (end > tlvs.length) return undefined;
    if (tlvs[at] === type) return tlvs.subarray(start, end);
    at = end;
  }
  return undefined;
}

const TYPES: Readonly<Record<string, number>> = {
  alpn: 0x01,
  authority: 0x02,
  unique_id: 0x05,
  ssl: 0x20,
  netns: 0x30,
};

/** Inside of the entry `ssl`. */
const SSL_TYPES: Readonly<Record<string, number>> = {
  version: 0x21,
  cn: 0x22,
  cipher: 0x23,
  sig_alg: 0x24,
  key_alg: 0x25,
};
const SSL = 0x20;
const SSL_FIXED_BYTES = 5;

/** The value of an entry by its name: `alpn`, `0x01`, `ssl_cn`, `ssl_verify`; bytes as latin1. */
export type TlvReader = (tlvs: Uint8Array) => string | undefined;

/** How the entry of this name is found; `undefined`: there is no such name. */
export function tlvReader(name: string): TlvReader | undefined {
  const inner = name.startsWith('ssl_') ? name.slice('ssl_'.length) : undefined;
  if (inner === 'verify') return verifyOf;
  const type = typeOf(inner ?? name, inner === undefined ? TYPES : SSL_TYPES);
  if (type === undefined) return undefined;
  if (inner === undefined) return (tlvs) => textOf(entryOf(tlvs, type));
  return (tlvs) => {
    const ssl = entryOf(tlvs, SSL);
    if (ssl === undefined || ssl.length < SSL_FIXED_BYTES) return undefined;
    return textOf(entryOf(ssl.subarray(SSL_FIXED_BYTES), type));
  };
}

function typeOf(name: string, names: Readonly<Record<string, number>>): number | undefined {
  if (/^0x[0-9a-fA-F]{1,8}$/.test(name)) return Number(name);
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

function verifyOf(tlvs: Uint8Array): string | undefined {
  const ssl = entryOf(tlvs, SSL);
  if (ssl === undefined || ssl.length < SSL_FIXED_BYTES) return undefined;
  return String(new DataView(ssl.buffer, ssl.byteOffset).getUint32(1));
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && String.fromCharCode(...bytes);
}
