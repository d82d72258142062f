/** What a path with a slash at its end is answered with, where there is no index file. */
export interface ListingConf {
  readonly autoindex: boolean;
  readonly autoindexFormat: 'html' | 'xml' | 'json' | 'jsonp';
  /** Of HTML: sizes in bytes, or rounded. */
  readonly autoindexExactSize: boolean;
  /** Of HTML: times of this machine's zone, or UTC. */
  readonly autoindexLocaltime: boolean;
  /** Any file of the directory. */
  readonly randomIndex: boolean;
}

export const LISTING_DEFAULTS: ListingConf = {
  autoindex: false,
  autoindexFormat: 'html',
  autoindexExactSize: true,
  autoindexLocaltime: false,
  randomIndex: false,
};
