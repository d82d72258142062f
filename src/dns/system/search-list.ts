import { NDOTS_MAX } from './resolv-conf.ts';

/** A name of 255 bytes on the wire, as text without the root's dot. */
const NAME_CHARS_MAX = 253;

/**
 * The absolute names to ask for in turn, without the root's dot, as resolv.conf(5) says: a name that
 * ends with a dot is absolute; one with at least `ndots` dots is tried as it is first, any other last.
 * What would be too long is left out; the name itself never is.
 */
export function searchCandidates(
  name: string,
  search: readonly string[],
  ndots: number,
): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const wanted = Math.min(Math.max(ndots, 0), NDOTS_MAX);
  const found: string[] = [];
  for (const domain of search) {
    const whole = domain === '' || domain === '.' ? name : `${name}.${withoutDot(domain)}`;
    if (whole.length <= NAME_CHARS_MAX && whole !== name && !found.includes(whole)) {
      found.push(whole);
    }
  }
  return dotsOf(name) >= wanted ? [name, ...found] : [...found, name];
}

function dotsOf(name: string): number {
  let dots = 0;
  for (let i = 0; i < name.length; i += 1) if (name.charCodeAt(i) === 0x2e) dots += 1;
  return dots;
}

function withoutDot(domain: string): string {
  return domain.endsWith('.') ? domain.slice(0, -1) : domain;
}
