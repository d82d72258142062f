import type { Template } from './template.ts';

/** `add_header name value [always]`, `add_trailer`. */
export type AddedField = {
  readonly name: string;
  readonly value: Template;
  readonly always: boolean;
};

/** `expires 1h`, `expires -1`, `expires epoch`, `expires max`, `expires off`, `expires @15h30m`, or a variable. */
export type ExpiresConf =
  | { readonly kind: 'off' | 'epoch' | 'max' }
  | { readonly kind: 'access' | 'modified' | 'daily'; readonly seconds: number }
  | { readonly kind: 'variable'; readonly value: Template; readonly modified: boolean };

export interface HeadersConf {
  readonly addHeaders: readonly AddedField[];
  readonly addTrailers: readonly AddedField[];
  readonly addHeaderInherit: 'on' | 'off' | 'merge';
  readonly addTrailerInherit: 'on' | 'off' | 'merge';
  readonly expires: ExpiresConf;
}
