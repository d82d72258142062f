/** When answers to requests that came through a proxy are compressed. */
export type GzipProxied =
  | 'off'
  | 'expired'
  | 'no-cache'
  | 'no-store'
  | 'private'
  | 'no_last_modified'
  | 'no_etag'
  | 'auth'
  | 'any';

/** Compression of answers. */
export interface GzipConf {
  readonly gzip: boolean;
  /** 1, fast, to 9, small. */
  readonly gzipCompLevel: number;
  /** Bytes of a body; shorter ones are not compressed. */
  readonly gzipMinLength: number;
  readonly gzipTypes: readonly string[];
  readonly gzipHttpVersion: '1.0' | '1.1';
  readonly gzipProxied: readonly GzipProxied[];
  /** Clients that cannot be trusted with it, by their `User-Agent`; `msie6` are old ones. */
  readonly gzipDisable: readonly (RegExp | 'msie6')[];
  /** `Vary: Accept-Encoding` is said. */
  readonly gzipVary: boolean;
  /** Files that are there compressed, with `.gz` behind their names, are sent so. */
  readonly gzipStatic: 'off' | 'on' | 'always';
  /** What comes compressed is unpacked for clients that do not take it so. */
  readonly gunzip: boolean;
}

export const GZIP_DEFAULTS: GzipConf = {
  gzip: false,
  gzipCompLevel: 1,
  gzipMinLength: 20,
  gzipTypes: ['text/html'],
  gzipHttpVersion: '1.1',
  gzipProxied: ['off'],
  gzipDisable: [],
  gzipVary: false,
  gzipStatic: 'off',
  gunzip: false,
};
