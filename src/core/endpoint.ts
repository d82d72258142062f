/**
 * One end of a socket. Addresses are numeric: names are resolved above the core. For `unix`,
 * `address` is the path and `port` is 0.
 */
export type Endpoint = {
  readonly family: 'ipv4' | 'ipv6' | 'unix';
  readonly address: string;
  /** 0 to 65535; 0 lets the system choose where that makes sense. */
  readonly port: number;
};
