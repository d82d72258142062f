import type { BufferPool } from '../core/buffer-pool.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { ProactorPort } from '../core/proactor.ts';
import type { Random } from '../core/random.ts';
import type { SourceAddresses } from '../dns/system/source-addresses.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import type { ClientShared } from '../http/client-options.ts';
import type { ParserPool } from '../http/parser-pool.ts';
import type { Peer } from './framework/peers.ts';
import { type NameParts, nameSource } from './name-source.ts';
import { routedSource } from './routed-source.ts';
import { ServerNames } from './server-names.ts';
import type { ServersWaiter, Target } from './session-shared.ts';
import {
  ActiveChecks,
  type PeerBoard,
  type ResolvedAddress,
  UpstreamGroup,
  type UpstreamPool,
} from './upstream/index.ts';
import type { UpstreamConfig } from './upstream/upstream-config.ts';

/** What the connections of all targets of a proxy share. */
export type TargetParts = NameParts & {
  readonly port: ProactorPort;
  readonly random: Random;
  readonly buffers: BufferPool;
  readonly bulk: BufferPool | undefined;
  readonly parsers: ParserPool;
  /** Which addresses this machine has a way to. */
  readonly sources: SourceAddresses;
  /** Where other processes know the same of a group's servers. */
  readonly board?: PeerBoard | undefined;
};

/** A group of servers at work: connections to them, their names, followed, and their checks. */
export class UpstreamTarget implements Target {
  readonly group: UpstreamGroup<ClientConnection>;
  readonly client: ClientShared;
  readonly hostLine: string;
  /** The servers as handlers see them, by index: made once, and anew for another address. */
  readonly #peers: { readonly endpoint: Endpoint; readonly peer: Peer }[] = [];
  readonly #names: readonly ServerNames[];
  readonly #checks: ActiveChecks<ClientConnection>;

  /** `previous`: the target of the same name that this one takes over from. */
  constructor(
    { lookup, resolver, sources, random, board, ...shared }: TargetParts,
    config: UpstreamConfig,
    authority: string,
    previous?: UpstreamTarget,
  ) {
    const { port } = shared;
    const { loop } = port;
    // Choices are made within turns: their time costs nothing, and is exact enough.
    const clock = { nowMs: () => loop.turnMs };
    const parts = { clock, random, board, previous: previous?.group };
    this.group = new UpstreamGroup<ClientConnection>(config, parts);
    this.client = { ...shared, timeouts: config.timeouts };
    this.hostLine = `Host: ${authority}\r\n`;
    const { group } = this;
    this.#names = config.servers.flatMap((server, index) => {
      if (server.endpoint !== undefined) return [];
      const named = nameSource(server, config, { lookup, resolver }, loop);
      const source = routedSource(named, sources);
      const set = (addresses: readonly ResolvedAddress[]): void => {
        group.resolved(index, addresses, true);
      };
      return [new ServerNames(server.host, source, set, port)];
    });
    for (const names of this.#names) names.start();
    this.#checks = new ActiveChecks(group, this.client, random);
    this.#checks.start();
  }

  get pool(): UpstreamPool<ClientConnection> {
    return this.group.pool;
  }

  /** Asks for names again whose last answer has become too old. */
  keepFresh(): void {
    const names = this.#names;
    for (let i = 0; i < names.length; i += 1) (names[i] as ServerNames).keepFresh();
  }

  waitForServers(waiter: ServersWaiter): boolean {
    const unknown = this.#names.find(({ known }) => !known);
    if (unknown === undefined || this.group.members.all.length > 0) return false;
    unknown.whenKnown(waiter);
    return true;
  }

  peerOf(server: number): Peer {
    const { endpoint } = this.group.peer(server);
    const known = this.#peers[server];
    if (known !== undefined && known.endpoint === endpoint) return known.peer;
    const { family, address, port } = endpoint;
    const isUnix = family === 'unix';
    const peer = isUnix ? { host: address, port, socketPath: address } : { host: address, port };
    this.#peers[server] = { endpoint, peer: Object.freeze(peer) };
    return peer;
  }

  /** No timer and no idle connection is left behind, but for those that another target took over. */
  close(): void {
    this.group.retire();
    this.#checks.stop();
    for (const names of this.#names) names.stop();
  }
}
