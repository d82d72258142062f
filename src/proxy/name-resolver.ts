/** One address of a name, as a resolver gives it. */
type FoundAddress = { readonly address: string };

/** The addresses of a name, and until when they hold on the core's clock, in milliseconds. */
export type NameAddresses = {
  readonly addresses: readonly FoundAddress[];
  readonly expiresAt: number;
};

/** One record of a service (RFC 2782) with the addresses of its target. */
export type NameTarget = {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  readonly addresses: readonly FoundAddress[];
};

/** What happens to a name that is watched; `targets` where it is a service's. */
export type NameEvent =
  | {
      readonly type: 'set';
      readonly set: NameAddresses;
      readonly targets?: readonly NameTarget[] | undefined;
    }
  | { readonly type: 'error'; readonly error: Error };

export type NameWatchOptions = {
  readonly signal?: AbortSignal;
  /** The name is that of SRV records. */
  readonly service?: boolean;
  /** `hold`: an empty answer is an event only when it has been the same for `holdMs`. */
  readonly onEmpty?: 'hold' | 'emit';
  readonly holdMs?: number;
  /** A look-up follows another one after this time at the soonest. */
  readonly minIntervalMs?: number;
};

/** What a proxy needs to know of names: the `Resolver` of `sluice/dns` is one. */
export interface NameResolver {
  /** Rejects where there are none. */
  addresses(name: string): Promise<NameAddresses>;
  service(name: string): Promise<readonly NameTarget[]>;
  /** What the name stands for now, and again whenever that has changed, until `signal` aborts. */
  watch(name: string, options?: NameWatchOptions): AsyncIterable<NameEvent>;
}
