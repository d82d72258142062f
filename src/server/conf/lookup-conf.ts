import type { Place } from './script.ts';
import type { Template } from './template.ts';

/** A line of `map`: a text without regard to case, or a regular expression. */
export type MapEntry = { readonly key: string | RegExp; readonly value: Template };

/** `map $source $variable { … }`. */
export type MapConf = {
  readonly variable: string;
  readonly place?: Place;
  readonly source: Template;
  /** Keys may be `*.example.org`, `.example.org` and `www.example.*`. */
  readonly hostnames: boolean;
  /** Looked up whenever it is used, and not once per request. */
  readonly volatile: boolean;
  readonly fallback: Template;
  readonly entries: readonly MapEntry[];
};

/** Addresses from one to another, both included; IPv4 only. */
export type GeoRange = { readonly from: string; readonly to: string; readonly value: string };

/** `geo $address $variable { … }`. */
export type GeoConf = {
  readonly variable: string;
  readonly place?: Place;
  /** Name of the variable that has the address; `undefined`: the client's. */
  readonly source: string | undefined;
  readonly volatile: boolean;
  readonly fallback: string;
  /** By network, `10.0.0.0/8`: the smallest one around an address counts. */
  readonly networks: readonly { readonly network: string; readonly value: string }[];
  /** Instead of networks. They do not overlap. */
  readonly ranges: readonly GeoRange[] | undefined;
  /** Clients from here say in `X-Forwarded-For` whom they speak for. */
  readonly proxies: readonly string[];
  /** All addresses of the field are looked at, and not the last one alone. */
  readonly proxyRecursive: boolean;
};

/** A share of all texts; the last one may be the rest. */
export type SplitShare = {
  /** In hundredths of a percent, 1 to 10,000; `rest`: all that is left. */
  readonly share: number | 'rest';
  readonly value: string;
};

/** `split_clients source $variable { … }`. */
export type SplitConf = {
  readonly variable: string;
  readonly place?: Place;
  readonly source: Template;
  readonly shares: readonly SplitShare[];
};

/** Variables that are looked up in tables; of `http` and of `stream`. */
export interface LookupConf {
  readonly maps: readonly MapConf[];
  readonly geos: readonly GeoConf[];
  readonly splits: readonly SplitConf[];
}

export const LOOKUP_DEFAULTS: LookupConf = { maps: [], geos: [], splits: [] };
