import type {
  GeoConf,
  LookupConf,
  MapConf,
  MapEntry,
  SplitConf,
  SplitShare,
} from '../../server/conf/lookup-conf.ts';
import type { Place } from '../../server/conf/script.ts';
import { type DirectiveTable, ignored, type Use } from '../directive.ts';
import type { ContextName, Scope } from '../scope.ts';
import type { DirectiveNode } from '../syntax.ts';
import { templateOf } from '../templates.ts';

const LOOKUPS = 'lookups';
/** Where tables of variables are made. */
export const HTTP_STREAM: readonly ContextName[] = ['http', 'stream'];

type Lookups = { maps: MapConf[]; geos: GeoConf[]; splits: SplitConf[] };

/** The tables of an `http` or `stream` block. */
export function lookupsOf(scope: Scope): LookupConf & Lookups {
  let lookups = scope.parts.get(LOOKUPS) as Lookups | undefined;
  if (lookups === undefined) {
    lookups = { maps: [], geos: [], splits: [] };
    scope.parts.set(LOOKUPS, lookups);
  }
  return lookups;
}

/** `map` and `split_clients`. */
export const lookupDirectives: DirectiveTable = {
  map: { contexts: HTTP_STREAM, args: 2, block: true, read: readMap },
  map_hash_max_size: { contexts: HTTP_STREAM, args: 1, support: 'no effect', read: ignored },
  map_hash_bucket_size: { contexts: HTTP_STREAM, args: 1, support: 'no effect', read: ignored },
  split_clients: { contexts: HTTP_STREAM, args: 2, block: true, read: readSplit },
};

/** The lines of a block that has no directives. */
export function linesOf(use: Use): readonly DirectiveNode[] {
  return (use.node.block ?? []).map((node) => {
    if (node.kind === 'broken') throw node.error;
    if (node.block !== undefined) use.reader.failAt(node, 'unexpected "{"');
    return node;
  });
}

/** Where it begins, for messages. */
export function placeOf({ position: { file, line } }: Use): Place {
  return { file, line };
}

/** `$name` without its sign. */
export function variableOf(use: Use, text: string): string {
  if (!/^\$[A-Za-z0-9_]+$/.test(text)) use.fail(`invalid variable name "${text}"`);
  return text.slice(1).toLowerCase();
}

function readMap(use: Use): void {
  const [source = '', name = ''] = use.args;
  const variable = variableOf(use, name);
  let hostnames = false;
  let volatile = false;
  let fallback: MapConf['fallback'] | undefined;
  const entries: MapEntry[] = [];
  const known = new Set<string>();
  for (const node of linesOf(use)) {
    const [text = '', ...more] = node.args;
    if (node.args.length === 0 && node.name === 'hostnames') hostnames = true;
    else if (node.args.length === 0 && node.name === 'volatile') volatile = true;
    else if (node.args.length !== 1 || more.length > 0) {
      use.reader.failAt(node, 'invalid number of the map parameters');
    } else if (node.name === 'default') {
      if (fallback !== undefined) use.reader.failAt(node, 'duplicate default map parameter');
      fallback = templateOf(text, node.position);
    } else {
      const key = keyOf(use, node, hostnames, known);
      entries.push({ key, value: templateOf(text, node.position) });
    }
  }
  const place = placeOf(use);
  const map = { variable, place, source: use.template(source), hostnames, volatile, entries };
  lookupsOf(use.scope).maps.push({ ...map, fallback: fallback ?? '' });
}

function keyOf(
  use: Use,
  node: DirectiveNode,
  hostnames: boolean,
  known: Set<string>,
): string | RegExp {
  const { name } = node;
  if (name.startsWith('~*')) return use.regex(name.slice(2), true);
  if (name.startsWith('~')) return use.regex(name.slice(1));
  const text = name.startsWith('\\') ? name.slice(1) : name;
  const keys = hostnames ? maskKeys(text.toLowerCase()) : [text.toLowerCase()];
  if (keys === undefined) use.reader.failAt(node, `invalid hostname or wildcard "${text}"`);
  for (const key of keys) {
    if (known.has(key)) use.reader.failAt(node, `conflicting parameter "${text}"`);
    known.add(key);
  }
  return text;
}

/** What a name with a mask stands for: `.a` is `a` and `*.a`. `undefined`: it is no name. */
export function maskKeys(name: string): readonly string[] | undefined {
  if (name.includes('..') || /\*.*\*/.test(name)) return undefined;
  if (name.startsWith('.') && name.length > 1) return [name.slice(1), `*${name}`];
  const isMask = /^\*\../.test(name) || /.\.\*$/.test(name);
  return name.includes('*') && !isMask ? undefined : [name];
}

function readSplit(use: Use): void {
  const [source = '', name = ''] = use.args;
  const shares: SplitShare[] = [];
  let sum = 0;
  for (const node of linesOf(use)) {
    const [value = '', ...more] = node.args;
    if (node.args.length !== 1 || more.length > 0) {
      use.reader.failAt(node, `invalid percent value "${node.name}"`);
    }
    const share = node.name === '*' ? 'rest' : hundredths(node.name);
    if (share === undefined) use.reader.failAt(node, `invalid percent value "${node.name}"`);
    sum = share === 'rest' ? 10_000 : sum + share;
    if (sum > 10_000) use.fail('percent total is greater than 100%');
    shares.push({ share, value });
  }
  const variable = variableOf(use, name);
  const place = placeOf(use);
  lookupsOf(use.scope).splits.push({ variable, place, source: use.template(source), shares });
}

/** `0.5%` in hundredths of a percent. */
function hundredths(text: string): number | undefined {
  const match = /^(\d+)(?:\.(\d{1,2}))?%$/.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return value === 0 ? undefined : value;
}
