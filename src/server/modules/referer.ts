import { REFERER } from '../../http/field-names.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { ReferersConf } from '../conf/admission-conf.ts';
import type { ServerConf, ServerName } from '../conf/site-conf.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import { MapTable } from '../shared/map-table.ts';

const REFERERS = Symbol('valid referers');
/** Shorter than `http://i.ru`, a field names no host. */
const FIELD_CHARS_MIN = 11;
const HOST_CHARS_MAX = 256;

/** Is the request's referring page one of those that may refer here? */
type IsValid = (referer: string | undefined, request: Request) => boolean;

/** `valid_referers`: `$invalid_referer` is `1` for pages that may not refer here. */
export const refererModule: HttpModule = {
  name: 'referer',
  variables: {
    invalid_referer: (request) => {
      const isValid = request.location.parts.get(REFERERS) as IsValid | undefined;
      if (isValid === undefined) return '';
      const { head } = request.client as ServerConnection;
      return isValid(head.valueOf(REFERER), request) ? '' : '1';
    },
  },
  location({ conf, parts }) {
    const { validReferers } = conf;
    if (validReferers !== undefined) parts.set(REFERERS, compile(validReferers));
  },
};

function compile(conf: ReferersConf): IsValid {
  const { none, blocked, names: listed, regexes, serverNames } = conf;
  const hasNames = listed.length > 0 || regexes.length > 0 || serverNames;
  if ((none || blocked) && !hasNames) {
    const what = 'the "none" or "blocked" referers are specified in the "valid_referers" directive';
    throw new Error(`${what} without any valid referer`);
  }
  const names = new MapTable(
    conf.names.map(({ name, path }) => [name, path] as const),
    true,
  );
  const byServer = new Map<ServerConf, MapTable<string>>();
  return (referer, { server }) => {
    if (referer === undefined) return conf.none;
    const [scheme] = /^https?:\/\//i.exec(referer) ?? [];
    if (scheme === undefined || referer.length < FIELD_CHARS_MIN) return conf.blocked;
    const rest = referer.slice(scheme.length);
    const [host = ''] = /^[^/:]*/.exec(rest) ?? [];
    if (host.length > HOST_CHARS_MAX) return false;
    const path = names.find(host)?.value;
    if (path !== undefined) return path === '' || pathOf(rest).startsWith(path);
    if (conf.serverNames && serverTable(byServer, server.conf).find(host) !== undefined)
      return true;
    return conf.regexes.some((regex) => regex.test(rest));
  };
}

function pathOf(rest: string): string {
  const slash = rest.indexOf('/');
  return slash < 0 ? '' : rest.slice(slash);
}

function serverTable(
  tables: Map<ServerConf, MapTable<string>>,
  conf: ServerConf,
): MapTable<string> {
  let table = tables.get(conf);
  if (table === undefined) {
    const keys = new Set(conf.names.map(keyOf));
    table = new MapTable(
      [...keys].map((key) => [key, ''] as const),
      true,
    );
    tables.set(conf, table);
  }
  return table;
}

function keyOf(name: ServerName): string | RegExp {
  if (name.kind === 'exact') return name.name;
  if (name.kind === 'regex') return name.regex;
  return name.kind === 'suffix' ? `*${name.suffix}` : `${name.prefix}*`;
}
