import type { WatchEvent, WatchOptions } from '../../src/dns/index.ts';
import type { DnsWorld } from './resolver-world.ts';

export const NAME = 'www.test';

export type Seen = { readonly events: string[]; end(): Promise<void> };

/** Takes every event as it comes. */
export function follow(dns: DnsWorld, options: WatchOptions = {}, name: string = NAME): Seen {
  const abort = new AbortController();
  const events: string[] = [];
  const { signal } = abort;
  const following = (async () => {
    for await (const event of dns.resolver.watch(name, { ...options, signal })) {
      events.push(textOf(event));
    }
  })();
  return {
    events,
    end: () => {
      abort.abort();
      return following;
    },
  };
}

export function textOf(event: WatchEvent): string {
  if (event.type === 'error') return `${event.error.code} ${event.consecutive}`;
  const { added, removed } = event;
  return [...added.map((one) => `+${one}`), ...removed.map((one) => `-${one}`)].join(' ');
}
