import type { LocationConf } from './location-conf.ts';
import type { Template } from './template.ts';

/** Where a file's directive stands, for messages. */
export type Place = { readonly file: string; readonly line: number };

/** What an `if` asks. */
export type Condition =
  | { readonly kind: 'set'; readonly variable: string }
  | {
      readonly kind: 'equal';
      readonly variable: string;
      readonly to: Template;
      readonly not: boolean;
    }
  | {
      readonly kind: 'match';
      readonly variable: string;
      readonly regex: RegExp;
      readonly not: boolean;
    }
  | {
      readonly kind: 'file';
      readonly test: 'file' | 'directory' | 'exists' | 'executable';
      readonly path: Template;
      readonly not: boolean;
    };

/** What `rewrite` does after its replacement: its flag, or `next` without one. */
export type RewriteFlag = 'next' | 'last' | 'break' | 'redirect' | 'permanent';

/** One directive of the rewrite module; they run in order, on entering a server or a location. */
export type Instruction =
  | {
      readonly kind: 'set';
      readonly variable: string;
      readonly value: Template;
      readonly place?: Place;
    }
  | {
      readonly kind: 'rewrite';
      readonly regex: RegExp;
      /** `$1` and the like are parts named `1`. */
      readonly replacement: Template;
      readonly flag: RewriteFlag;
      /** The replacement ends with `?`: old arguments are dropped. */
      readonly dropArgs: boolean;
    }
  | { readonly kind: 'return'; readonly status: number; readonly text: Template | undefined }
  | { readonly kind: 'break' }
  | {
      readonly kind: 'if';
      readonly condition: Condition;
      readonly script: Script;
      /** In a location: takes the place of the location's settings where the condition holds. */
      readonly location: LocationConf | undefined;
    };

export type Script = readonly Instruction[];
