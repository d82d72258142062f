import type { Template } from './template.ts';

/** `sticky`: how requests of one client find the same server again. Times in milliseconds. */
export type StickyConf =
  | {
      readonly kind: 'cookie';
      readonly name: string;
      readonly domain: Template | undefined;
      readonly path: string | undefined;
      /** `undefined`: the client forgets it when it ends. */
      readonly expires: number | 'max' | undefined;
      readonly httpOnly: boolean;
      readonly secure: boolean;
      readonly sameSite: Template | undefined;
    }
  /** The first of these variables that is not empty is a server's `route`. */
  | { readonly kind: 'route'; readonly variables: readonly string[] }
  | {
      readonly kind: 'learn';
      /** The first of these variables that is not empty names a session that begins, … */
      readonly create: readonly string[];
      /** … and of these, one that goes on. */
      readonly lookup: readonly string[];
      readonly zone: string;
      readonly zoneBytes: number;
      readonly timeout: number;
      /** Sessions begin with the head of an answer, not with its end. */
      readonly afterHeader: boolean;
    };
