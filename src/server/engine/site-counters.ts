/** Told what happens to the connections of a site, where somebody else wants to know. */
export interface SiteCounters {
  opened(): void;
  closed(): void;
  /** A request has come. */
  asked(): void;
}
