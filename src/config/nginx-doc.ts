import type { DirectiveRow, DirectiveTable } from './directive.ts';
import { type Family, familyOf, familyOfModule } from './missing-directive.ts';
import { NGINX_MODULES, type NginxModule } from './nginx/index.ts';

const HEAD = `# Directives of nginx.conf

What \`sluice -c nginx.conf\` makes of each directive of nginx's open-source modules, at the level of nginx 1.31.5. This page is written from the tables that read the configuration: \`npm run docs\` writes it anew, and a test compares the two.

- **yes**: as nginx does, but for what [differs on purpose](#different-on-purpose).
- **partly**: the note says how.
- **no effect**: taken, so that files need not be changed; what it tunes is not there.
- **no**: the program does not start with it, and says so. Nothing is ignored silently.
`;

const DIFFERENT = `## Different on purpose

| subject | nginx | Sluice |
|---|---|---|
| \`resolver\`, one family fails | an error for AAAA discards good A records | the other family is used; a silent one is waited for 50 ms (RFC 8305) |
| \`resolver\`, SERVFAIL or REFUSED | the lookup fails | the next server is asked, and what is known is used while nobody answers (RFC 8767) |
| \`resolver\`, answers | any owner name is taken | owner and chain are checked, names are 255 bytes at most; number and port are random for every attempt |
| \`resolver\`, schedule | asks again after 5 s | by the measured round trip, 250 ms to 5 s; \`resolver_timeout\` ends it |
| \`server … resolve\`, no address any more | the group is empty at once | servers stay for 30 s; records that are the same twice are one server |
| fields that \`Connection\` names, control characters in values | forwarded | removed (RFC 9110 §7.6.1); 400 |
| a kept connection that proves dead | counts as a failure of its server | does not |
| \`proxy_pass https://\`, \`listen … ssl\`, \`http2\` | | not there yet |
`;

/** Text of docs/nginx.md, made of the tables of all directives. */
export function nginxDoc(tables: readonly DirectiveTable[]): string {
  const rows = rowsByName(tables);
  const parts = NGINX_MODULES.map((module) => moduleText(module, rows));
  return [HEAD, totals(rows), ...parts, beyond(rows), DIFFERENT].join('\n');
}

type Rows = ReadonlyMap<string, readonly DirectiveRow[]>;

function rowsByName(tables: readonly DirectiveTable[]): Rows {
  const rows = new Map<string, readonly DirectiveRow[]>();
  for (const table of tables) {
    for (const [name, more] of Object.entries(table)) {
      rows.set(name, (rows.get(name) ?? []).concat(more));
    }
  }
  return rows;
}

type Line = {
  readonly name: string;
  readonly support: 'yes' | 'partly' | 'no effect' | 'no';
  readonly note: string;
  readonly standard: string;
};

function lineOf(name: string, module: NginxModule, rows: Rows): Line {
  // Read before the tables are asked.
  if (name === 'include') return { name, support: 'yes', note: '', standard: '' };
  const row = rowFor(module.name, rows.get(name) ?? []);
  if (row === undefined) return { name, support: 'no', note: '', standard: '' };
  const { support, note = '' } = row;
  const standard = row.default ?? '';
  if (support === 'not yet') return { name, support: 'no', note, standard };
  return { name, support: support ?? 'yes', note, standard };
}

/** The row that means this module's directive: some names are in several. */
function rowFor(module: string, rows: readonly DirectiveRow[]): DirectiveRow | undefined {
  const family: Family = familyOfModule(module);
  const fitting = rows.filter(({ contexts }) => contexts.some((one) => familyOf(one) === family));
  const isOfGroups = /_upstream_module$/.test(module);
  const close = fitting.find(
    ({ contexts }) => contexts.some((one) => one.endsWith('upstream')) === isOfGroups,
  );
  // `http` and `stream` themselves stand outside of all blocks.
  return close ?? fitting[0] ?? (module.endsWith('_core_module') ? rows[0] : undefined);
}

function moduleText(module: NginxModule, rows: Rows): string {
  const { name, directives, never } = module;
  const title = `## ${name}\n`;
  if (never !== undefined) {
    const names = directives.map((one) => `\`${one}\``).join(', ');
    return `${title}\nNo: ${never}.\n\n${names}.\n`;
  }
  const lines = directives.map((one) => lineOf(one, module, rows));
  const table = lines.map(
    ({ name: one, support, standard, note }) =>
      `| \`${one}\` | ${support} | ${standard === '' ? '' : `\`${escaped(standard)}\``} | ${escaped(note)} |`,
  );
  return `${title}\n| directive | supported | default | |\n|---|---|---|---|\n${table.join('\n')}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}

function totals(rows: Rows): string {
  const counts = { yes: 0, partly: 0, 'no effect': 0, no: 0 };
  for (const module of NGINX_MODULES) {
    if (module.never !== undefined) continue;
    for (const name of module.directives) counts[lineOf(name, module, rows).support] += 1;
  }
  const { yes, partly, no } = counts;
  const sum = `${yes} yes, ${partly} partly, ${counts['no effect']} without effect, ${no} no`;
  return `Of the modules that are planned: ${sum}.\n`;
}

function beyond(rows: Rows): string {
  const known = new Set(NGINX_MODULES.flatMap(({ directives }) => directives));
  const own = [...rows].filter(([name]) => !known.has(name));
  const lines = own.map(([name, [row]]) => `| \`${name}\` | ${escaped(row?.note ?? '')} |`);
  const table = lines.length === 0 ? '' : `\n| directive | |\n|---|---|\n${lines.join('\n')}\n`;
  return `## Beyond nginx\n${table}`;
}
