import { HEAD_RULES } from '../../src/http/head-limits.ts';
import type { SiteConfig } from './site.ts';

/** A row of what a client may not send: each input is refused, and the connection closed. */
export type Refused = {
  readonly title: string;
  readonly rule: string;
  readonly config?: SiteConfig;
  /** What is wrong is in a body, whose head may have been forwarded by then. */
  readonly inBody?: true;
  readonly inputs: readonly (readonly [name: string, text: string, status: number])[];
};

/** A row of what is forwarded, though it may look odd: each input with what a server gets. */
export type Forwarded = {
  readonly title: string;
  readonly rule: string;
  readonly config?: SiteConfig;
  readonly inputs: readonly {
    readonly name: string;
    readonly text: string;
    /** The request line as the server gets it, and the fields behind `Host`. */
    readonly first: string;
    readonly fields: readonly string[];
    readonly body?: string;
    /** The connection is closed behind the answer. */
    readonly isLast?: true;
  }[];
};

export const BARE_LF: SiteConfig = { headRules: { ...HEAD_RULES, bareLf: true } };
export const HOST: string = 'Host: x\r\n';
export const LAST: string = '0\r\n\r\n';

export const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`;
export const withFields = (fields: string): string => `GET / HTTP/1.1\r\n${HOST}${fields}\r\n`;
export const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
export const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);
export const coded = (coding: string): string => post(`Transfer-Encoding:${coding}\r\n`, LAST);
export const sized = (length: string): string => post(`Content-Length:${length}\r\n`, 'hello');

export function all(
  status: number,
  texts: Readonly<Record<string, string>>,
): (readonly [string, string, number])[] {
  return Object.entries(texts).map(([name, text]) => [name, text, status] as const);
}

/** `texts` by themselves, each as its own name. */
export function each(
  status: number,
  make: (text: string) => string,
  texts: readonly string[],
): (readonly [string, string, number])[] {
  return texts.map((text) => [JSON.stringify(text), make(text), status] as const);
}

export const old = (method: string, fields: string): string =>
  `${method} / HTTP/1.0\r\n${fields}\r\nhello`;

export const GET: string = 'GET / HTTP/1.1';
export const POST: string = 'POST / HTTP/1.1';

/** Targets that are forwarded byte by byte. */
export function same(targets: readonly string[]): Forwarded['inputs'] {
  return targets.map((target) => ({
    name: target,
    text: get(target),
    first: `GET ${target} HTTP/1.1`,
    fields: [],
  }));
}
