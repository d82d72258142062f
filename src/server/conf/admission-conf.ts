import type { Template } from './template.ts';

/** `allow 10.0.0.0/8`, `deny all`, `allow unix:`: the first one that an address is in decides. */
export type AccessRuleConf = { readonly allow: boolean; readonly from: string };

/** Where a client's address is taken from instead of its connection. */
export type RealIpHeader =
  /** A field with one address; of `X-Forwarded-For`, the last one. */
  { readonly kind: 'field'; readonly name: string } | { readonly kind: 'proxy-protocol' };

/** `valid_referers`. */
export type ReferersConf = {
  /** A request without the field is fine. */
  readonly none: boolean;
  /** So is a field that names no `http://` or `https://`. */
  readonly blocked: boolean;
  /** Names, with masks; where there is a path, what is asked for must begin with it. */
  readonly names: readonly { readonly name: string; readonly path: string }[];
  /** Names of the server itself, regular expressions among them, are fine. */
  readonly serverNames: boolean;
  /** Of what stands behind `http://`. */
  readonly regexes: readonly RegExp[];
};

/** Who may come in. Times in milliseconds. */
export interface AdmissionConf {
  readonly accessRules: readonly AccessRuleConf[];
  /** The realm of Basic authentication; `off`, or `undefined`: there is none. */
  readonly authBasic: Template | undefined;
  readonly authBasicUserFile: Template | undefined;
  /** How long an answer of 401 waits. */
  readonly authDelay: number;
  readonly realIpFrom: readonly string[];
  readonly realIpHeader: RealIpHeader;
  readonly realIpRecursive: boolean;
  readonly validReferers: ReferersConf | undefined;
  /** The hash that a link brings, and behind a comma when it expires. */
  readonly secureLink: Template | undefined;
  /** What it must be the hash of. */
  readonly secureLinkMd5: Template | undefined;
  /** Instead of both: links of the form `/prefix/hash/path`. */
  readonly secureLinkSecret: string | undefined;
}

export const ADMISSION_DEFAULTS: AdmissionConf = {
  accessRules: [],
  authBasic: undefined,
  authBasicUserFile: undefined,
  authDelay: 0,
  realIpFrom: [],
  realIpHeader: { kind: 'field', name: 'X-Real-IP' },
  realIpRecursive: false,
  validReferers: undefined,
  secureLink: undefined,
  secureLinkMd5: undefined,
  secureLinkSecret: undefined,
};
