import type { Endpoint } from '../../core/endpoint.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import type { Random } from '../../core/random.ts';
import { parseIp } from '../../net/ip.ts';
import { DnsError } from './dns-error.ts';
import { type Answer, encodeQuery, type QueryType, TTL_MS_MAX } from './message.ts';
import { type QuerySettings, SimpleQuery } from './simple-query.ts';

/** Different names that may be looked up at the same time; one more ends with `LIMIT`. */
export const LOOKUPS_MAX: number = 1024;
/** Servers that may be given. */
export const SERVERS_MAX: number = 8;
/** How often each server may be asked for one name. */
export const ATTEMPTS_MAX: number = 10;

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 2;

export type LookupOptions = {
  /** Asked in this order, from the first one for every name; recursive resolvers. */
  readonly servers: readonly Endpoint[];
  /** Not to be predicted: the numbers of the queries come from it. */
  readonly random: Random;
  /** For one name, all attempts together, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** How often each server is asked. Default 2. */
  readonly attempts?: number;
  /** Default A. */
  readonly type?: QueryType;
};

/**
 * Makes a function that looks names up. It keeps nothing: who asks again causes another query,
 * but everyone who asks for a name while it is being looked up gets the same answer. Names are
 * absolute. It rejects with `DnsError` alone; an address is its own answer.
 */
export function lookupAddresses(
  port: ProactorPort,
  options: LookupOptions,
): (name: string) => Promise<Answer> {
  const settings = settingsOf(options);
  const type = options.type ?? 'A';
  const underWay = new Map<string, Promise<Answer>>();

  return async (name) => {
    if (typeof parseIp(name) === 'object') return { addresses: [name], ttlMs: TTL_MS_MAX };
    const query = encodeQuery(0, checkedName(name), type);
    const key = keyOf(name);
    const same = underWay.get(key);
    if (same !== undefined) return same;
    if (underWay.size === LOOKUPS_MAX) {
      throw new DnsError('LIMIT', `over ${LOOKUPS_MAX} names are being looked up`);
    }
    const answer = new Promise<Answer>((resolve, reject) => {
      const onEnd = (outcome: Answer | DnsError): void => {
        underWay.delete(key);
        if (outcome instanceof DnsError) reject(outcome);
        else resolve(outcome);
      };
      new SimpleQuery(port, settings, query, onEnd).start();
    });
    underWay.set(key, answer);
    return answer;
  };
}

/**
 * Refuses what other readers take for an IPv4 address: `127.1`, `0x7f.1`, `2130706433`. No name
 * ends in a number (RFC 3696 §2), and whoever writes such a thing means no name.
 */
function checkedName(name: string): string {
  if (/(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$/i.test(name)) {
    throw new DnsError('BAD_NAME', `${JSON.stringify(name.slice(-64))}: ends in a number`);
  }
  return name;
}

/** Letters of either case, with and without the root's dot: one name. It is ASCII by now. */
function keyOf(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function settingsOf(options: LookupOptions): QuerySettings {
  const { random, servers, timeoutMs = TIMEOUT_MS, attempts = ATTEMPTS } = options;
  if (servers.length === 0 || servers.length > SERVERS_MAX) {
    throw new TypeError(`servers: 1 to ${SERVERS_MAX}`);
  }
  for (const { family, port } of servers) {
    if (family === 'unix' || port === 0)
      throw new TypeError('a server is an IP address and a port');
  }
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > ATTEMPTS_MAX) {
    throw new TypeError(`attempts: 1 to ${ATTEMPTS_MAX}`);
  }
  if (!(timeoutMs > 0 && timeoutMs < Number.POSITIVE_INFINITY)) {
    throw new TypeError('timeoutMs: above 0, and finite');
  }
  return { servers: [...servers], random, timeoutMs, attempts };
}
