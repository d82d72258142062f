/** Server side includes. */
export interface SsiConf {
  readonly ssi: boolean;
  /** Nothing is shown where a command cannot be followed. */
  readonly ssiSilentErrors: boolean;
  /** Last-Modified and a weakened ETag stay. */
  readonly ssiLastModified: boolean;
  readonly ssiTypes: readonly string[];
  /** Characters of a parameter's value. */
  readonly ssiValueLength: number;
}

export const SSI_DEFAULTS: SsiConf = {
  ssi: false,
  ssiSilentErrors: false,
  ssiLastModified: false,
  ssiTypes: ['text/html'],
  ssiValueLength: 255,
};
