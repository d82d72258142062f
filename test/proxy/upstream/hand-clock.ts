import { SimRandom } from '../../../adapters/sim/index.ts';
import type { Clock } from '../../../src/core/clock.ts';
import {
  type GroupObserver,
  type RequestFacts,
  UpstreamGroup,
  type UpstreamOptions,
  upstreamConfig,
} from '../../../src/proxy/upstream/index.ts';
import type { PoolKey } from '../../../src/proxy/upstream/pool-key.ts';

/** A clock that stands still until it is moved. */
export class HandClock implements Clock {
  ms = 1_000_000;

  nowMs(): number {
    return this.ms;
  }
}

/** A group whose clock and chance are a test's. */
export class Bench {
  readonly clock: HandClock = new HandClock();
  readonly events: string[] = [];
  readonly group: UpstreamGroup;

  constructor(options: UpstreamOptions | UpstreamOptions['servers'], seed: number | string = 1) {
    const given = Array.isArray(options) ? { servers: options } : (options as UpstreamOptions);
    const observer: GroupObserver = (_, peer, event) => this.events.push(`${event} ${peer.index}`);
    const random = new SimRandom(seed);
    this.group = new UpstreamGroup(upstreamConfig('u', given), {
      clock: this.clock,
      random,
      observer,
    });
  }

  /** Name of the peer that is chosen: `a` for the first; `-` for none. */
  pick(facts: Partial<RequestFacts> = {}, tried: readonly number[] = []): string {
    const index = this.group.pick({ clientAddress: '192.0.2.1', hashKey: '', ...facts }, tried);
    return index < 0 ? '-' : String.fromCharCode(97 + index);
  }

  picks(count: number, facts: Partial<RequestFacts> = {}): string {
    return Array.from({ length: count }, () => this.pick(facts)).join('');
  }
}

/** So many servers, on one address. */
export function servers(count: number, fields: object = {}): { url: string }[] {
  return Array.from({ length: count }, (_, i) => ({ url: `127.0.0.1:${8001 + i}`, ...fields }));
}

/** How often each letter comes. */
export function tally(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const letter of text) counts[letter] = (counts[letter] ?? 0) + 1;
  return counts;
}

/** A connection of which a test says everything. */
export class FakeConnection {
  reusable = true;
  exchanges = 1;
  openedMs: number;
  resting = 0;
  destroyed = 0;
  readonly key: PoolKey;

  constructor(key: PoolKey, openedMs: number) {
    this.key = key;
    this.openedMs = openedMs;
  }

  rest(): void {
    this.resting += 1;
  }

  destroy(): void {
    this.destroyed += 1;
  }
}
