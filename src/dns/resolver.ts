import type { ProactorPort } from '../core/proactor.ts';
import { AddressSearch } from './address-search.ts';
import type { AddressSet, LookupCall } from './address-set.ts';
import { Calls } from './calls.ts';
import { DnsError } from './dns-error.ts';
import { type LookupFunction, lookupOver } from './lookup.ts';
import { shownName } from './name-plans.ts';
import { type ResolverOptions, type Settings, settingsOf } from './options.ts';
import { type DnsPlatform, defaultPlatform } from './platform.ts';
import { RecordCall } from './record-call.ts';
import type { Records } from './record-search.ts';
import { type ResolverParts, resolverParts } from './resolver-parts.ts';
import { reverseName } from './reverse-name.ts';
import { ServiceSearch, type SrvTarget } from './service-search.ts';
import type { Refresh } from './shared-watch.ts';
import type { Family } from './special-names.ts';
import type { ResolverStats } from './stats.ts';
import { parseServers, type ServerSpec } from './system/server-spec.ts';
import type { WatchEvent } from './watcher.ts';
import { Watches, type WatchOptions } from './watches.ts';
import type { RecordType } from './wire/record-type.ts';
import { TYPE } from './wire/record-type.ts';

const NO_CALL: LookupCall = {};
const NOTHING = (): void => {};

/**
 * Asks name servers, keeps what they say, and turns names into addresses. Its promises reject with
 * `DnsError` alone; wrong use is a `TypeError`.
 */
export class Resolver implements AsyncDisposable {
  /** `dns.lookup` of Node's, for whatever takes one: bound, and never calling back at once. */
  readonly lookup: LookupFunction;
  readonly #settings: Settings;
  readonly #parts: ResolverParts;
  readonly #calls: Calls;
  readonly #watches: Watches;
  #closing: Promise<void> | undefined;

  /** `platform`: what else than the network is to be used; default: that of this system. */
  constructor(
    core: ProactorPort,
    options: ResolverOptions = {},
    platform: DnsPlatform = defaultPlatform(),
  ) {
    this.#settings = settingsOf(options);
    this.#parts = resolverParts(core, options, this.#settings, platform);
    this.#calls = new Calls(core, this.#settings.timeoutMs);
    this.#watches = new Watches(core, (name, family, service) =>
      this.#refreshOf(name, family, service),
    );
    this.lookup = lookupOver({
      clock: core.loop,
      peek: (name, family) => this.peek(name, family),
      addresses: (name, family) => this.addresses(name, { family }),
      platform,
    });
  }

  /**
   * The addresses of a name, both families asked at the same time. An error of one family, or its
   * silence for 50 ms, leaves the other one's: see `partial`.
   */
  addresses(name: string, call: LookupCall = NO_CALL): Promise<AddressSet> {
    const { family = 0, cache = 'use' } = call;
    return this.#calls.run<AddressSet>({ hostname: name, call }, (deadlineMs, onEnd) => {
      this.#parts.servers.check();
      const wish = { family, cache, deadlineMs, patient: false };
      const search = new AddressSearch(this.#parts, this.#parts.plans.of(name), wish, onEnd);
      search.start();
      return search;
    });
  }

  /** Records of one type. The name is taken as it is: no hosts file, no search list. */
  resolve<Type extends RecordType>(
    name: string,
    type: Type,
    call: LookupCall = NO_CALL,
  ): Promise<Records<Type>> {
    if (!Object.hasOwn(TYPE, type) || (type as string) === 'OPT') {
      return Promise.reject(new TypeError(`${String(type)} cannot be asked for`));
    }
    const parts = this.#parts;
    return new Promise((resolve, reject) => {
      new RecordCall(parts, this.#calls, name, type, call, resolve, reject).start();
    });
  }

  /** The targets of SRV records with their addresses, in the order to try them (RFC 2782). */
  service(srvName: string, call: LookupCall = NO_CALL): Promise<readonly SrvTarget[]> {
    const { family = 0, cache = 'use' } = call;
    const wanted = { hostname: srvName, type: 'SRV', call };
    return this.#calls.run<readonly SrvTarget[]>(wanted, (deadlineMs, onEnd) => {
      const { parts, key } = this.#asking(srvName, 'SRV');
      if (key instanceof DnsError) {
        onEnd(key);
        return undefined;
      }
      const wish = { name: srvName, key, cache, deadlineMs, family, patient: false };
      const search = new ServiceSearch(parts, wish, (end) =>
        onEnd(end instanceof DnsError ? end : end.targets),
      );
      search.start();
      return search;
    });
  }

  /** The names of an address: those of the hosts file, or of its PTR records. */
  async reverse(ip: string, call: LookupCall = NO_CALL): Promise<readonly string[]> {
    const name = reverseName(ip);
    if (name === undefined) {
      throw new DnsError('EBADNAME', shownName(ip), { type: 'PTR', why: 'not an IP address' });
    }
    const known = this.#parts.plans.namesOf(ip);
    if (known.length > 0) return known;
    const { records } = await this.resolve(name, 'PTR', call);
    return records;
  }

  /** What is known now, without asking anybody. Allocates nothing on a hit. */
  peek(name: string, family: 0 | Family = 0): AddressSet | undefined {
    return this.#calls.closed ? undefined : this.#parts.book.peek(name, family);
  }

  /**
   * Looks a name up again and again; the first event is its current set. Then there is an event
   * only when the set has changed, or an error.
   */
  watch(name: string, options: WatchOptions = {}): AsyncIterable<WatchEvent, undefined> {
    return this.#watches.watch(name, options);
  }

  /** Safe while queries run, which go on; what is kept stays. */
  setServers(servers: readonly (string | ServerSpec)[]): void {
    this.#parts.servers.set(parseServers(servers));
  }

  /** Forgets what is kept of a name, or everything. */
  flush(name?: string): void {
    const { plans, records } = this.#parts;
    if (name === undefined) {
      records.flush();
    } else {
      for (const key of plans.of(name).candidates) records.flush(key);
    }
    plans.forget(name);
  }

  stats(): ResolverStats {
    const { transport, records, book, left } = this.#parts;
    const { servers, drops, inFlight, waiting } = transport.stats;
    const { denied } = book;
    return {
      servers,
      drops: { ...drops, denied, ...left },
      cache: records.stats,
      inFlight: inFlight + waiting,
      calls: this.#calls.size,
      watchers: this.#watches.size,
    };
  }

  /** Ends every call with `ECANCELLED` and every watch; resolves when no socket is left. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    const { records, transport, sources, patience, port } = this.#parts;
    this.#calls.close();
    this.#watches.close();
    records.close();
    patience.close();
    sources.close();
    return new Promise((resolve) => {
      transport.close(resolve);
      // A loop that is closed has closed the sockets, and tells nobody.
      if (!port.loop.post(NOTHING)) resolve();
    });
  }

  /** What is asked for, and of whom. */
  #asking(name: string, type: string): { parts: ResolverParts; key: string | DnsError } {
    const parts = this.#parts;
    parts.servers.check();
    return { parts, key: parts.plans.keyOf(name, type) };
  }

  #refreshOf(name: string, family: 0 | Family, service: boolean): Refresh {
    return (isFirst, onEnd) => {
      const deadlineMs = this.#parts.nowMs() + this.#settings.timeoutMs;
      const cache = isFirst ? 'use' : 'refresh';
      const patient = !isFirst;
      if (service) {
        const { parts, key } = this.#asking(name, 'SRV');
        if (key instanceof DnsError) {
          onEnd(key);
          return undefined;
        }
        const wish = { name, key, cache, deadlineMs, family, patient } as const;
        const search = new ServiceSearch(parts, wish, onEnd);
        search.start();
        return search;
      }
      this.#parts.servers.check();
      const wish = { family, cache, deadlineMs, patient } as const;
      const search = new AddressSearch(this.#parts, this.#parts.plans.of(name), wish, onEnd);
      search.start();
      return search;
    };
  }
}
