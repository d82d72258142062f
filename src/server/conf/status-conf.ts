import type { Template } from './template.ts';

/** What shows how a site is doing, and what runs behind a request. */
export interface StatusConf {
  /** `stub_status`: the location answers with counts of connections. */
  readonly stubStatus: boolean;
  /** A path or `@name` that is asked when the request is answered. */
  readonly postAction: Template | undefined;
}

export const STATUS_DEFAULTS: StatusConf = { stubStatus: false, postAction: undefined };
