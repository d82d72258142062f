import { DnsError } from './dns-error.ts';
import { shownName } from './name-plans.ts';
import type { Found } from './records/found.ts';
import type { Family } from './special-names.ts';
import type { Failure } from './transport/exchange.ts';

/** Why the candidates of a search had no address. */
export class SearchFailures {
  readonly #failures: Failure[] = [];
  #hasNoData = false;
  #isDenied = false;

  /**
   * Notes what came of one candidate. `false`: the search ends, as the C library's does: it goes on
   * after no such name, no data and a server's failure.
   */
  add(ipv4: Found | undefined, ipv6: Found | undefined): boolean {
    const both = [ipv4, ipv6];
    // A name that does not exist has no other family that could have failed.
    if (both.some((found) => found?.kind === 'nxdomain')) return true;
    const failures = both.filter((found) => found?.kind === 'failure');
    if (failures.length === 0) this.#hasNoData = true;
    if (both.some((found) => found?.kind === 'records')) this.#isDenied = true;
    this.#failures.push(...failures);
    return failures.every(({ code }) => code === 'ESERVFAIL');
  }

  /** A failure says more than that there is nothing: there may well be. */
  error(name: string): DnsError {
    const failure = this.#failures.at(-1);
    if (failure !== undefined) {
      const attempts = this.#failures.flatMap((one) => one.attempts);
      const { code, server } = failure;
      return new DnsError(code, shownName(name), { server, attempts });
    }
    if (!this.#hasNoData) return new DnsError('ENOTFOUND', shownName(name));
    const denied = this.#isDenied ? { why: 'its addresses are denied' } : {};
    return new DnsError('ENODATA', shownName(name), denied);
  }
}

/** Why a set is without this family: what came, or that nothing did. */
export function lateError(name: string, family: Family, found: Found | undefined): DnsError {
  const type = family === 4 ? 'A' : 'AAAA';
  const about = shownName(name);
  if (found?.kind === 'failure') return new DnsError(found.code, about, { ...found, type });
  return new DnsError('ETIMEOUT', about, { type, why: 'no answer soon after the other family' });
}
