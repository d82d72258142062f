import { Buffer } from 'node:buffer';
import type { CharsetMap } from '../../server/conf/charset-conf.ts';
import { type DirectiveTable, flag, MANY, type Use } from '../directive.ts';
import type { Scope } from '../scope.ts';
import type { DirectiveNode } from '../syntax.ts';
import { HTTP_SERVER_LOCATION, HTTP_TO_IF } from './contexts.ts';
import { linesOf } from './lookup.ts';
import { typesOf } from './mime-types.ts';

const MAPS = 'charset maps';
/** Bytes of one character of UTF-8 that can be named. */
const UTF8_BYTES_MAX = 3;

/** The tables of an `http` block. */
export function charsetMapsOf(http: Scope): CharsetMap[] {
  let maps = http.parts.get(MAPS) as CharsetMap[] | undefined;
  if (maps === undefined) {
    maps = [];
    http.parts.set(MAPS, maps);
  }
  return maps;
}

/** `charset` and what belongs to it. */
export const charsetDirectives: DirectiveTable = {
  charset: {
    contexts: HTTP_TO_IF,
    args: 1,
    default: 'off',
    read: (use) => use.set('charset', use.first === 'off' ? undefined : use.template()),
  },
  source_charset: {
    contexts: HTTP_TO_IF,
    args: 1,
    read: (use) => use.set('sourceCharset', use.template()),
  },
  override_charset: {
    contexts: HTTP_TO_IF,
    args: 'flag',
    default: 'off',
    read: flag('overrideCharset'),
  },
  charset_types: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, MANY],
    default:
      'text/html text/xml text/plain text/vnd.wap.wml application/javascript application/rss+xml',
    read: typesOf('charsetTypes'),
  },
  charset_map: { contexts: ['http'], args: 2, block: true, read: readMap },
};

function readMap(use: Use): void {
  const [source = '', target = ''] = use.args;
  const [from, to] = [source.toLowerCase(), target.toLowerCase()];
  if (from === to) {
    use.fail(`"charset_map" between the same charsets "${source}" and "${target}"`);
  }
  if (from === 'utf-8') {
    use.fail('"charset_map" with "utf-8" charset should be given in the second column');
  }
  const maps = charsetMapsOf(use.scope);
  const isKnown = maps.some(
    (map) =>
      (map.source === from && map.target === to) || (map.source === to && map.target === from),
  );
  if (isKnown) use.fail(`duplicate "charset_map" between "${source}" and "${target}"`);
  const bytesMax = to === 'utf-8' ? UTF8_BYTES_MAX : 1;
  const characters = linesOf(use).map((node) => readCharacter(use, node, bytesMax));
  maps.push({ source: from, target: to, characters });
}

function readCharacter(use: Use, node: DirectiveNode, bytesMax: number): [number, string] {
  const [value = '', ...more] = node.args;
  if (node.args.length !== 1 || more.length > 0) {
    use.reader.failAt(node, 'invalid parameters number');
  }
  const byte = /^[0-9A-Fa-f]{1,2}$/.test(node.name) ? Number.parseInt(node.name, 16) : -1;
  if (byte < 0) use.reader.failAt(node, `invalid value "${node.name}"`);
  const isHex = /^(?:[0-9A-Fa-f]{2})+$/.test(value) && value.length / 2 <= bytesMax;
  if (!isHex) use.reader.failAt(node, `invalid value "${value}"`);
  return [byte, Buffer.from(value, 'hex').toString('latin1')];
}
