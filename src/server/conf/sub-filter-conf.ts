import type { Template } from './template.ts';

/** Texts that are replaced in bodies. */
export interface SubFilterConf {
  /** `search` in lower case: letters of ASCII are found in any case. */
  readonly subFilters: readonly { readonly search: Template; readonly replacement: Template }[];
  /** Each is replaced where it is found first. */
  readonly subFilterOnce: boolean;
  /** Last-Modified and a weakened ETag stay. */
  readonly subFilterLastModified: boolean;
  readonly subFilterTypes: readonly string[];
}

export const SUB_FILTER_DEFAULTS: SubFilterConf = {
  subFilters: [],
  subFilterOnce: true,
  subFilterLastModified: false,
  subFilterTypes: ['text/html'],
};
