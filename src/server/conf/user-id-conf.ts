/** Cookies that tell clients apart: `userid` and its like. */
export interface UserIdConf {
  /** `log`: cookies are read, and never set. */
  readonly userId: 'off' | 'log' | 'v1' | 'on';
  readonly userIdName: string;
  /** '' for none. */
  readonly userIdDomain: string;
  readonly userIdPath: string;
  /** Seconds; 0: the cookie ends with the browser. */
  readonly userIdExpires: number | 'max';
  /** '' for none. */
  readonly userIdP3p: string;
  /** Identifies who has issued it; `undefined`: our address does. */
  readonly userIdService: number | undefined;
  /** Takes the place of the first `=` at the end; '' for none. */
  readonly userIdMark: string;
  readonly userIdFlags: readonly string[];
}

export const USER_ID_DEFAULTS: UserIdConf = {
  userId: 'off',
  userIdName: 'uid',
  userIdDomain: '',
  userIdPath: '/',
  userIdExpires: 0,
  userIdP3p: '',
  userIdService: undefined,
  userIdMark: '',
  userIdFlags: [],
};
