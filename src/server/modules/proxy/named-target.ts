import type { Resolver } from '../../../dns/index.ts';
import { DnsError } from '../../../dns/index.ts';
import { upstreamConfig } from '../../../proxy/upstream/index.ts';
import { type TargetParts, UpstreamTarget } from '../../../proxy/upstream-target.ts';

/** Requests that wait for one name; more are answered at once. */
export const WAITING_MAX: number = 1024;
const PORT = 80;

/** What a server that a variable has named needs of its site. */
type NamedWorld = { readonly targetParts: TargetParts };

/** Somebody who waits for a name. */
export interface NameWaiter {
  /** `problem`: why it is not known; `undefined`: it is. */
  nameKnown(problem: string | undefined): void;
}

/**
 * A server that a variable has named: each request asks where it is, and is told at once while the
 * last answer holds. Nothing is held against its addresses, as nginx does.
 */
export class NamedTarget {
  readonly target: UpstreamTarget;
  readonly #resolver: Resolver;
  readonly #name: string;
  readonly #port: number;
  readonly #timeoutMs: number;
  /** What the group has been told: an answer that is the same object says nothing new. */
  #told: unknown;
  #waiting: NameWaiter[] = [];

  constructor(site: NamedWorld, authority: string, resolver: Resolver, timeoutMs: number) {
    const port = /:(\d+)$/.exec(authority)?.[1];
    this.#name = authority.replace(/:\d*$/, '');
    this.#port = port === undefined ? PORT : Number(port);
    this.#resolver = resolver;
    this.#timeoutMs = timeoutMs;
    const config = upstreamConfig(authority, {
      servers: [{ url: `${this.#name}:${this.#port}`, maxFails: 0 }],
      keepalive: 0,
      retry: { tries: 0 },
      resolve: false,
    });
    // Nobody asks through this one: the group is told before it is used.
    const lookup = (): Promise<never> => Promise.reject(new Error('asked for with each request'));
    const parts: TargetParts = { ...site.targetParts, lookup };
    this.target = new UpstreamTarget(parts, config, authority);
  }

  /** Is it known now where it is? */
  isKnown(): boolean {
    const set = this.#resolver.peek(this.#name);
    return set !== undefined && this.#tell(set);
  }

  /** Asks, and tells the waiter. */
  ask(waiter: NameWaiter): void {
    if (this.#waiting.length === WAITING_MAX) {
      waiter.nameKnown(`over ${WAITING_MAX} requests wait for ${this.#name}`);
      return;
    }
    this.#waiting.push(waiter);
    if (this.#waiting.length > 1) return;
    this.#resolver.addresses(this.#name, { timeoutMs: this.#timeoutMs }).then(
      (set) => this.#answered(this.#tell(set) ? undefined : `${this.#name} has too many addresses`),
      (error: unknown) => this.#answered(problemOf(this.#name, error)),
    );
  }

  /** `false`: more addresses than a group may have. */
  #tell(set: { readonly addresses: readonly { readonly address: string }[] }): boolean {
    if (set === this.#told) return true;
    const port = this.#port;
    const addresses = set.addresses.map(({ address }) => {
      const family: 'ipv4' | 'ipv6' = address.includes(':') ? 'ipv6' : 'ipv4';
      return { endpoint: { family, address, port } };
    });
    // IPv4 first, as nginx has them.
    addresses.sort((a, b) => a.endpoint.family.localeCompare(b.endpoint.family));
    try {
      this.target.group.resolved(0, addresses, true);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return false;
    }
    this.#told = set;
    return true;
  }

  #answered(problem: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.nameKnown(problem);
  }

  close(): void {
    this.target.close();
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOTFOUND: '3: Host not found',
  ENODATA: '3: Host not found',
  EBADNAME: '3: Host not found',
  ESERVFAIL: '2: Server failure',
  EREFUSED: '5: Operation refused',
  ETIMEOUT: '110: Operation timed out',
};

function problemOf(name: string, error: unknown): string {
  const code = error instanceof DnsError ? error.code : '';
  return `${name} could not be resolved (${PROBLEMS[code] ?? '2: Server failure'})`;
}
