import dnsPacket from 'dns-packet';
import { type RecordType, TYPE } from '../../../src/dns/wire/record-type.ts';
import { a, cname, wireName } from '../../support/dns-reply.ts';
import {
  ASKED,
  bytes,
  NXDOMAIN,
  opt,
  type Parts,
  pointer,
  queryFor,
  record,
  responseTo,
  soa,
} from './reply-message.ts';

/** A good response, and what it responds to. */
export type Sample = { readonly query: Uint8Array; readonly message: Buffer };

/** Whole numbers from 0 to below `bound`, the same for the same seed (mulberry32). */
export function seeded(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const NAME = 'www.example.net';
/** Where the first record begins in a response about `NAME`. */
const FIRST = 33;
const EDNS = { additionals: [opt()] };

function sample(type: RecordType, parts: Parts): Sample {
  const query = queryFor(NAME, type, 1232);
  return { query, message: responseTo(query, parts) };
}

/** One record of a type, its data written by dns-packet. */
function ofType(type: RecordType, data: unknown): Sample {
  const wire = (dnsPacket as unknown as Encoders).record(type).encode(data).subarray(2);
  return sample(type, { answers: [record(ASKED, TYPE[type], wire, 300)], ...EDNS });
}

type Encoders = { record(type: string): { encode(data: unknown): Buffer } };

export const SAMPLES: readonly Sample[] = [
  sample('A', { answers: [1, 2, 3, 4].map((last) => a(ASKED, `192.0.2.${last}`)), ...EDNS }),
  sample('A', {
    answers: [
      cname(ASKED, Buffer.concat([bytes('01 62'), pointer(16)])),
      cname(pointer(FIRST + 12), bytes('01 63 c010')),
      a(pointer(FIRST + 12 + 4 + 12), '192.0.2.1', 9),
      a('other.example', '192.0.2.66'),
    ],
    additionals: [record('x', TYPE.AAAA, Buffer.alloc(16, 1)), opt()],
  }),
  sample('A', { answers: [cname(ASKED, 'c.example')], ...EDNS }),
  sample('A', { authorities: [soa(pointer(16), 300, 60)], flags: NXDOMAIN, ...EDNS }),
  sample('A', {
    answers: [cname(ASKED, 'b.example.net')],
    authorities: [soa(pointer(16), 30, 60), record(pointer(16), TYPE.NS, wireName('ns'))],
    ...EDNS,
  }),
  sample('A', { flags: 0x8182, ...EDNS }),
  sample('A', { additionals: [opt(1)] }),
  sample('A', {
    answers: [
      record('example.net', 39, wireName('example.org')),
      cname(ASKED, 'www.example.org', 0),
      a('www.example.org', '192.0.2.1'),
      record(ASKED, 46, bytes('0001 08 02 00000e10 65000000 64000000 1234 00 aabbccdd')),
    ],
    additionals: [opt(0, 0, bytes('000a 0008 0102030405060708'))],
  }),
  sample('AAAA', {
    answers: [record(ASKED, TYPE.AAAA, bytes('20010db8 00000000 00000000 00000001'))],
    ...EDNS,
  }),
  ofType('SRV', { priority: 1, weight: 2, port: 443, target: 'a.example' }),
  ofType('TXT', ['v=spf1 -all', 'b']),
  ofType('MX', { preference: 10, exchange: 'mail.example' }),
  ofType('SOA', {
    mname: 'ns.example',
    rname: 'root.example',
    serial: 1,
    refresh: 2,
    retry: 3,
    expire: 4,
    minimum: 5,
  }),
  ofType('CAA', { flags: 128, tag: 'issue', value: 'ca.example' }),
  ofType('NAPTR', {
    order: 1,
    preference: 2,
    flags: 'u',
    services: 'E2U+sip',
    regexp: '!^.*$!a!',
    replacement: 'b.example',
  }),
  ofType('PTR', 'host.example'),
  ofType('NS', 'ns.example'),
  ofType('CNAME', 'c.example'),
];

const LIKELY = [0, 1, 2, 3, 5, 12, 0x2e, 0x3f, 0x40, 0x41, 0x61, 0x80, 0xc0, 0xc1, 0xff];

/** The message with 1 to 4 things done to it, mostly behind its question. */
export function mutated(message: Buffer, below: (bound: number) => number): Buffer {
  let out: Buffer = Buffer.from(message);
  for (let left = 1 + below(4); left > 0; left -= 1) {
    const from = below(8) === 0 ? 0 : Math.min(FIRST, out.length);
    out = change(out, Math.min(from + below(out.length - from + 1), out.length), below);
  }
  return out;
}

function change(message: Buffer, at: number, below: (bound: number) => number): Buffer {
  const head = message.subarray(0, at);
  if (below(200) === 0 && message.length > 16) {
    // Two labels of the question become one, with a dot in it.
    return Buffer.concat([message.subarray(0, 12), bytes('0b 777777 2e'), message.subarray(17)]);
  }
  const kind = below(10);
  if (kind === 0) return head;
  if (kind === 1) return Buffer.concat([head, Buffer.from([below(256)]), message.subarray(at)]);
  if (kind === 2) return Buffer.concat([head, message.subarray(at + 1 + below(4))]);
  if (kind === 3) return Buffer.concat([head, message.subarray(at - Math.min(at, below(40)))]);
  const out = Buffer.from(message);
  if (at + 2 > out.length) return out;
  if (kind === 4) out.writeUInt16BE(0xc000 | below(out.length + 2), at);
  else if (kind === 5) out[at] = (out[at] as number) ^ (1 << below(8));
  else if (kind === 6) out[at] = (out[at] as number) + (below(2) === 0 ? 1 : 255);
  else if (kind === 7) out[4 + below(8)] = below(4);
  else out[at] = kind === 8 ? below(256) : (LIKELY[below(LIKELY.length)] as number);
  return out;
}
