import type { LocationConf } from '../../server/index.ts';

/** How a location is written: `location ~ \.php$`. */
export function locationName({ match, text }: LocationConf): string {
  const modifiers = { exact: '= ', prefix: '', 'prefix-final': '^~ ', regex: '~ ', named: '' };
  return `location ${modifiers[match]}${text}`;
}

/** Which location a path belongs to, and why: the same search as at work, told step by step. */
export function locationChoice(locations: readonly LocationConf[], uri: string): readonly string[] {
  const told: string[] = [];
  search(locations, uri, told);
  if (told.length === 0) told.push('no location matches: the settings of the server hold');
  return told;
}

/** `true`: what was found is final. */
function search(locations: readonly LocationConf[], uri: string, told: string[]): boolean {
  const exact = locations.find(({ match, text }) => match === 'exact' && text === uri);
  if (exact !== undefined) {
    told.push(`"${locationName(exact)}" is exactly this path`);
    return true;
  }
  const prefix = longestPrefix(locations, uri);
  if (prefix !== undefined) {
    told.push(`"${locationName(prefix)}" is the longest prefix`);
    if (search(prefix.locations, uri, told)) return true;
    if (prefix.match === 'prefix-final') {
      told.push('it is final (^~): regular expressions are not asked');
      return true;
    }
  }
  for (const location of locations) {
    if (location.match !== 'regex') continue;
    if (location.regex?.test(uri) !== true) {
      told.push(`"${locationName(location)}" does not match`);
      continue;
    }
    told.push(`"${locationName(location)}" is the first regular expression that matches`);
    search(location.locations, uri, told);
    return true;
  }
  return false;
}

function longestPrefix(locations: readonly LocationConf[], uri: string): LocationConf | undefined {
  let longest: LocationConf | undefined;
  for (const location of locations) {
    const { match, text } = location;
    if (match !== 'prefix' && match !== 'prefix-final') continue;
    if (uri.startsWith(text) && text.length >= (longest?.text.length ?? 0)) longest = location;
  }
  return longest;
}
