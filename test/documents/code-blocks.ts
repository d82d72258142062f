import { readFileSync } from 'node:fs';

/** A program, or a part of one, as a document shows it. */
export type CodeBlock = {
  /** The document and the line where the block begins. */
  readonly place: string;
  readonly file: string;
  readonly code: string;
};

/** The blocks of a document that are TypeScript, in their order. */
export function codeBlocksOf(file: string): readonly CodeBlock[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ index, 1: code = '' }) => ({
    place: `${file}:${text.slice(0, index).split('\n').length}`,
    file,
    code,
  }));
}

/**
 * What a page has said before it comes to a block without imports of its own; names that stand
 * for the reader's own things are among it. The block itself is not changed.
 */
const KNOWN: Readonly<Record<string, string>> = {
  'docs/dns.md': `
    import * as http from 'node:http';
    import * as net from 'node:net';
    import * as undici from 'undici';
    import type { Resolver } from 'sluice/dns';
    declare const [resolver, signal]: [Resolver, AbortSignal];
    declare const [url, host, port]: [URL, string, number];`,
  'docs/plugins.md': `
    import { definePlugin, defineProxy, type NoContext, type Plugin } from 'sluice/proxy';
    type User = { id: string; plan: 'free' | 'pro' };
    declare const verify: (token: string) => Promise<User | undefined>;
    declare const auth: (with_: typeof verify) => Plugin<NoContext, { user: User | undefined }>;`,
  'docs/routes.md': `
    import { defineProxy, reply, type Phases, type Upstream } from 'sluice/proxy';
    declare const [api, images]: [Upstream, Phases<object>];`,
  'docs/running.md': `
    import type { Proxy } from 'sluice/proxy';
    declare const [app, nextApp]: [Proxy<object>, Proxy<object>];`,
  'docs/tunnels.md': `
    import { defineProxy } from 'sluice/proxy';`,
};

/** Names of the reader's own in blocks that are whole but for these. */
const OWN: Readonly<Record<string, string>> = {
  'docs/migrating-from-nginx.md': `
    declare function tenantOf(token: string | undefined): Promise<string>;
    declare function count(tenant: string, status: number | undefined): void;`,
  'docs/running.md': `
    import type { Proxy } from 'sluice/proxy';
    declare const app: Proxy<object>;`,
  'docs/tunnels.md': `
    declare function isKnown(user: string, password: string): boolean;`,
};

/** Names of the reader's own in handlers that stand alone. */
const HANDLERS = `
  import { reply, type Phases } from 'sluice/proxy';
  declare const trailer: Uint8Array;
  declare function transform(chunk: Uint8Array): Uint8Array;
  export const handlers: Phases<object> = {`;

/** A module that holds the block as it stands, with what the page has told before. */
export function moduleOf({ file, code }: CodeBlock): string {
  // What does not compile says so in words; the compiler is to agree.
  const expected = code.replace(/^(.*\/\/ does not.*)$/gm, '// @ts-expect-error\n$1');
  if (/^\w+(?:: \(|\()_?s\b|^\w+\(_s,/.test(code)) return `${HANDLERS}\n${expected}\n};\n`;
  const isWhole = /^import /m.test(code);
  return `${(isWhole ? OWN : KNOWN)[file] ?? ''}\n${expected}\nexport {};\n`;
}
