/** Files that are kept open: locations with the very same object have them together. */
export type OpenFileCache = {
  /** Files that are known at once. */
  readonly max: number;
  /** Who is not asked for during these milliseconds is forgotten. */
  readonly inactive: number;
};

/** What is kept of files between requests. */
export interface FileConf {
  readonly openFileCache: OpenFileCache | undefined;
  /** Milliseconds after which it is looked whether a file is still the same. */
  readonly openFileCacheValid: number;
  /** A file that was asked for less often is closed after each request. */
  readonly openFileCacheMinUses: number;
  /** It is kept, too, that a file is not there. */
  readonly openFileCacheErrors: boolean;
}

export const FILE_DEFAULTS: FileConf = {
  openFileCache: undefined,
  openFileCacheValid: 60_000,
  openFileCacheMinUses: 1,
  openFileCacheErrors: false,
};
