import { ipv4Number } from '../../net/ipv4-number.ts';
import { parseNetwork } from '../../net/network.ts';
import type { GeoConf } from '../../server/conf/lookup-conf.ts';
import type { DirectiveTable, Use } from '../directive.ts';
import { GeoRanges } from '../geo-ranges.ts';
import type { DirectiveNode } from '../syntax.ts';
import { HTTP_STREAM, linesOf, lookupsOf, placeOf, variableOf } from './lookup.ts';

/** `geo`: a variable by address. */
export const geoDirectives: DirectiveTable = {
  geo: {
    contexts: HTTP_STREAM,
    args: [1, 2],
    block: true,
    support: 'partly',
    note: 'binary bases (`include file` beside a `file.bin`) are neither read nor written',
    read: readGeo,
  },
};

type Network = { readonly network: string; readonly value: string };

/** What has been read of one `geo`. */
type Draft = {
  ranges: GeoRanges | undefined;
  fallback: string | undefined;
  volatile: boolean;
  proxyRecursive: boolean;
  readonly proxies: string[];
  /** By network in its shortest form. */
  readonly networks: Map<string, Network>;
};

function readGeo(use: Use): void {
  const { args } = use;
  const variable = variableOf(use, args.at(-1) ?? '');
  const source = args.length === 2 ? variableOf(use, use.first) : undefined;
  const draft: Draft = {
    ranges: undefined,
    fallback: undefined,
    volatile: false,
    proxyRecursive: false,
    proxies: [],
    networks: new Map<string, Network>(),
  };
  for (const node of linesOf(use)) readLine(use, node, draft);
  const { volatile, proxies, proxyRecursive, networks, fallback = '' } = draft;
  const geo: GeoConf = {
    variable,
    place: placeOf(use),
    source,
    volatile,
    fallback,
    networks: [...networks.values()],
    ranges: draft.ranges?.all(),
    proxies,
    proxyRecursive,
  };
  lookupsOf(use.scope).geos.push(geo);
}

function readLine(use: Use, node: DirectiveNode, draft: Draft): void {
  const { name, args } = node;
  if (args.length === 0 && name === 'ranges') {
    if (draft.networks.size > 0) {
      const what = 'the "ranges" directive must be the first directive inside "geo" block';
      use.reader.failAt(node, what);
    }
    draft.ranges ??= new GeoRanges();
  } else if (args.length === 0 && name === 'proxy_recursive') draft.proxyRecursive = true;
  else if (args.length === 0 && name === 'volatile') draft.volatile = true;
  else if (args.length !== 1) {
    use.reader.failAt(node, 'invalid number of the geo parameters');
  } else readValue(use, node, draft);
}

function readValue(use: Use, node: DirectiveNode, draft: Draft): void {
  const { name } = node;
  const [value = ''] = node.args;
  if (name === 'proxy') draft.proxies.push(networkText(use, node, value));
  else if (name === 'default') {
    const { fallback: old } = draft;
    if (old !== undefined) warnOfDefault(use, node, draft, `"${value}", old value: "${old}"`);
    draft.fallback = value;
  } else if (draft.ranges !== undefined) readRange(use, node, draft.ranges);
  else if (name === 'delete') {
    const key = networkText(use, node, value);
    if (!draft.networks.delete(key)) warn(use, node, `no network "${value}" to delete`);
  } else {
    const network = networkText(use, node, name);
    const old = draft.networks.get(network)?.value;
    if (old !== undefined) {
      const values = `value: "${value}", old value: "${old}"`;
      warn(use, node, `duplicate network "${name}", ${values}`);
    }
    draft.networks.set(network, { network, value });
  }
}

/** With networks, the default is a network of each family. */
function warnOfDefault(use: Use, node: DirectiveNode, { ranges }: Draft, values: string): void {
  if (ranges !== undefined) warn(use, node, `duplicate default geo range value: ${values}`);
  else
    for (let family = 0; family < 2; family += 1) {
      warn(use, node, `duplicate network "default", value: ${values}`);
    }
}

function readRange(use: Use, node: DirectiveNode, ranges: GeoRanges): void {
  const isDelete = node.name === 'delete';
  const text = isDelete ? (node.args[0] as string) : node.name;
  const [from = '', to = '', ...more] = text.split('-');
  const first = ipv4Number(from);
  const last = ipv4Number(to);
  if (more.length > 0 || first < 0 || last < first) {
    use.reader.failAt(node, `invalid range "${text}"`);
  }
  if (isDelete) {
    if (!ranges.delete(first, last)) warn(use, node, `no address range "${text}" to delete`);
    return;
  }
  const value = node.args[0] as string;
  const known = ranges.add(first, last, value);
  if (known === undefined) return;
  if (known.kind === 'overlap') {
    use.reader.failAt(node, `range "${text}" overlaps "${known.with}"`);
  }
  warn(use, node, `duplicate range "${text}", value: "${value}", old value: "${known.old}"`);
}

/** A network in its one form: without what is behind its length. */
function networkText(use: Use, node: DirectiveNode, text: string): string {
  const network = parseNetwork(text);
  if (network === undefined) return use.reader.failAt(node, `invalid network "${text}"`);
  if (network.hasLowBits) warn(use, node, `low address bits of ${text} are meaningless`);
  return network.text;
}

function warn(use: Use, { position }: DirectiveNode, what: string): void {
  use.reader.warn(`${what} in ${position.file}:${position.line}`);
}
