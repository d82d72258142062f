import type { Template } from './template.ts';

/** Requests that are made for a request. Paths are as locations see them: decoded. */
export interface SubrequestsConf {
  /** Its answer says whether the request is let in; '' for nobody is asked. */
  readonly authRequest: string;
  readonly authRequestSet: readonly { readonly variable: string; readonly value: Template }[];
  /** Requests are repeated there; what comes of it is of no interest. */
  readonly mirror: readonly string[];
  readonly mirrorRequestBody: boolean;
  /** Paths whose answers stand in front of the body and behind it; '' for none. */
  readonly addBeforeBody: string;
  readonly addAfterBody: string;
  readonly additionTypes: readonly string[];
}

export const SUBREQUESTS_DEFAULTS: SubrequestsConf = {
  authRequest: '',
  authRequestSet: [],
  mirror: [],
  mirrorRequestBody: true,
  addBeforeBody: '',
  addAfterBody: '',
  additionTypes: ['text/html'],
};
