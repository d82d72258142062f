/** Numbers of the record types that are understood (IANA, DNS parameters). */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  CAA: 257,
} as const;

/** What can be asked for. */
export type RecordType = Exclude<keyof typeof TYPE, 'OPT'>;

/** The parameters of an SVCB or HTTPS record (RFC 9460 §7); keys that are not understood by number. */
export type SvcParams = {
  readonly mandatory?: readonly string[];
  readonly alpn?: readonly string[];
  readonly noDefaultAlpn?: true;
  readonly port?: number;
  readonly ipv4hint?: readonly string[];
  readonly ech?: Uint8Array;
  readonly ipv6hint?: readonly string[];
  /** `key65280` and the like, as they came. */
  readonly other?: Readonly<Record<string, Uint8Array>>;
};

type Service = { readonly priority: number; readonly target: string; readonly params: SvcParams };

/** Decoded data by type. Names are text, escaped, without the root's dot; the root itself is `.`. */
export type RecordData = {
  A: string;
  AAAA: string;
  CNAME: string;
  NS: string;
  PTR: string;
  SRV: {
    readonly target: string;
    readonly port: number;
    readonly priority: number;
    readonly weight: number;
  };
  /** The strings of one record, as UTF-8. */
  TXT: readonly string[];
  MX: { readonly priority: number; readonly exchange: string };
  SOA: {
    readonly nsname: string;
    readonly hostmaster: string;
    readonly serial: number;
    readonly refresh: number;
    readonly retry: number;
    readonly expire: number;
    readonly minttl: number;
  };
  CAA: { readonly critical: boolean; readonly tag: string; readonly value: string };
  NAPTR: {
    readonly order: number;
    readonly preference: number;
    readonly flags: string;
    readonly service: string;
    readonly regexp: string;
    readonly replacement: string;
  };
  HTTPS: Service;
  SVCB: Service;
};

/** The data of one record of any type. */
export type AnyData = RecordData[RecordType];
