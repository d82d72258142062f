import type { ProactorPort } from '../core/proactor.ts';
import { AddressBook } from './address-book.ts';
import { RESOLUTION_DELAY_MS } from './address-search.ts';
import { NamePlans } from './name-plans.ts';
import type { ResolverOptions, Settings } from './options.ts';
import { Patience } from './patience.ts';
import type { DnsPlatform } from './platform.ts';
import { Records } from './records/records.ts';
import type { ServiceParts } from './service-search.ts';
import type { ServerAddress } from './system/server-spec.ts';
import { serverAt } from './system/server-spec.ts';
import { SourceAddresses } from './system/source-addresses.ts';
import { type FileStamp, SystemConfig, type SystemFiles } from './system/system-config.ts';
import { Transport } from './transport/transport.ts';

/** A system of which nothing is known. */
const NO_FILES: SystemFiles = {
  stat: (): FileStamp | undefined => undefined,
  read: (): string | undefined => undefined,
};

/** What a resolver is made of: also what a search needs. */
export type ResolverParts = ServiceParts & {
  readonly records: Records;
  readonly transport: Transport;
  readonly sources: SourceAddresses;
  readonly servers: ServersInUse;
};

/** Puts the parts together. */
export function resolverParts(
  port: ProactorPort,
  options: ResolverOptions,
  settings: Settings,
  platform: DnsPlatform,
): ResolverParts {
  const { random, files = NO_FILES, toAscii } = platform;
  const { guard, families, search, ndots, cacheEntries } = settings;
  const system = new SystemConfig(files, port.loop, settings.system);
  const transport = new Transport(port, random, settings.servers ?? [], options);
  const records = new Records(port, transport, options, random.nextUint32());
  const sources = new SourceAddresses(port);
  const plans = new NamePlans({ system, search, ndots, namesMax: cacheEntries, toAscii });
  const book = new AddressBook({
    clock: port.loop,
    source: records,
    plans,
    sources,
    guard,
    families,
  });
  const servers = new ServersInUse(transport, records, system, settings.servers === undefined);
  const nowMs = (): number => port.loop.nowMs();
  const left = { badTargets: 0, targetsOverBound: 0 };
  const source = records;
  return {
    port,
    records,
    source,
    transport,
    sources,
    patience: new Patience(port, RESOLUTION_DELAY_MS),
    plans,
    book,
    servers,
    nowMs,
    guard,
    random,
    left,
  };
}

/** Who is asked: servers that were given, or those of resolv.conf as it is now. */
export class ServersInUse {
  readonly #transport: Transport;
  readonly #records: Records;
  readonly #system: SystemConfig;
  #follows: boolean;
  #conf: object | undefined;

  constructor(transport: Transport, records: Records, system: SystemConfig, follows: boolean) {
    this.#transport = transport;
    this.#records = records;
    this.#system = system;
    this.#follows = follows;
  }

  /** Looks for changes of resolv.conf, if its servers are used. Cheap, as long as there are none. */
  check(): void {
    if (!this.#follows) return;
    const conf = this.#system.resolvConf();
    if (conf === this.#conf) return;
    this.#conf = conf;
    const transport = conf.tcp ? 'tcp' : 'udp';
    this.#change(conf.servers.map((endpoint) => serverAt(endpoint, transport)));
  }

  /** From now on these, whatever any file says. */
  set(servers: readonly ServerAddress[]): void {
    this.#follows = false;
    this.#change(servers);
  }

  #change(servers: readonly ServerAddress[]): void {
    this.#transport.setServers(servers);
    this.#records.serversChanged();
  }
}
