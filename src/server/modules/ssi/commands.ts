import { escapeHtml } from '../listing/html.ts';
import { holds } from './conditions.ts';
import type { SsiFilter } from './filter.ts';
import { include } from './include.ts';
import type { SsiCommand } from './scanner.ts';
import { NAMES_MAX, sharedOf } from './shared.ts';
import { evaluated, SsiError, variableValue } from './values.ts';

/** Parameters of one command, by name. */
export type Parameters = Readonly<Record<string, string>>;

type Row = {
  /** `!`: it must be there; `*`: it may come several times. */
  readonly parameters: readonly string[];
  /** Followed also where nothing is shown. */
  readonly always?: true;
  /** Only within `if`; `else` ends what may have an `elif`. */
  readonly within?: 'if' | 'else';
  readonly run: (filter: SsiFilter, parameters: Parameters, command: SsiCommand) => void;
};

const COMMANDS: Readonly<Record<string, Row>> = {
  include: { parameters: ['virtual*', 'file', 'wait', 'set', 'stub'], run: include },
  echo: { parameters: ['var!', 'default', 'encoding'], run: echo },
  config: { parameters: ['errmsg', 'timefmt'], run: config },
  set: { parameters: ['var!', 'value!'], run: set },
  if: { parameters: ['expr!'], always: true, run: beginIf },
  elif: { parameters: ['expr!'], always: true, within: 'if', run: elseIf },
  else: { parameters: [], always: true, within: 'if', run: otherwise },
  endif: { parameters: [], always: true, within: 'else', run: endIf },
  block: { parameters: ['name!'], run: block },
  endblock: { parameters: [], always: true, run: endBlock },
};

/** Follows a command. Throws `SsiError`. */
export function runCommand(filter: SsiFilter, command: SsiCommand): void {
  const { name } = command;
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (row === undefined) {
    if (filter.shows) throw new SsiError(`invalid SSI command: "${name}"`);
    return;
  }
  if (!filter.shows && !row.always) return;
  const { conditional } = filter;
  const isMisplaced =
    row.within !== undefined &&
    (conditional === 'none' || (conditional === 'else' && row.within === 'if'));
  if (isMisplaced) throw new SsiError(`invalid context of SSI command: "${name}"`);
  row.run(filter, parametersOf(command, row.parameters), command);
}

function parametersOf({ name, parameters }: SsiCommand, allowed: readonly string[]): Parameters {
  const values: Record<string, string> = {};
  for (const [key, value] of parameters) {
    const known = allowed.find((one) => one.replace(/[!*]$/, '') === key);
    if (known === undefined) {
      throw new SsiError(`invalid parameter name: "${key}" in "${name}" SSI command`);
    }
    if (values[key] !== undefined && !known.endsWith('*')) {
      throw new SsiError(`duplicate "${key}" parameter in "${name}" SSI command`);
    }
    values[key] ??= value;
  }
  for (const one of allowed) {
    const key = one.slice(0, -1);
    if (!one.endsWith('!') || values[key] !== undefined) continue;
    throw new SsiError(`mandatory "${key}" parameter is absent in "${name}" SSI command`);
  }
  return values;
}

function echo(filter: SsiFilter, parameters: Parameters): void {
  const { request } = filter;
  const { var: name = '', default: fallback = '(none)', encoding } = parameters;
  if (encoding === 'none' || encoding === 'url' || encoding === 'entity')
    filter.encoding = encoding;
  else if (encoding !== undefined) {
    request.log('error', `unknown encoding "${encoding}" in the "echo" command`);
  }
  filter.text(encoded(variableValue(request, name) ?? fallback, filter.encoding));
}

const URL_ESCAPED = /[\0-\x20"#%'<>\x7f-\xff]/g;

function encoded(text: string, encoding: SsiFilter['encoding']): string {
  if (encoding === 'none') return text;
  if (encoding === 'entity') return escapeHtml(text);
  return text.replace(
    URL_ESCAPED,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function config(filter: SsiFilter, { errmsg, timefmt }: Parameters): void {
  if (timefmt !== undefined) filter.timeFormat = timefmt;
  if (errmsg !== undefined) filter.errorText = errmsg;
}

function set(filter: SsiFilter, { var: name = '', value = '' }: Parameters): void {
  setVariable(filter, name, evaluated(filter.request, value));
}

export function setVariable({ request }: SsiFilter, name: string, value: string): void {
  const { variables } = sharedOf(request);
  const key = name.toLowerCase();
  if (!variables.has(key) && variables.size >= NAMES_MAX) throw new SsiError('too many variables');
  variables.set(key, value);
}

function beginIf(filter: SsiFilter, parameters: Parameters): void {
  if (filter.conditional !== 'none') throw new SsiError('the "if" command inside the "if" command');
  elseIf(filter, parameters);
}

function elseIf(filter: SsiFilter, { expr = '' }: Parameters): void {
  if (filter.hasChosen) {
    filter.shows = false;
    return;
  }
  filter.shows = holds(filter.request, expr);
  filter.hasChosen = filter.shows;
  filter.conditional = 'if';
}

function otherwise(filter: SsiFilter): void {
  filter.shows = !filter.hasChosen;
  filter.conditional = 'else';
}

function endIf(filter: SsiFilter): void {
  filter.shows = true;
  filter.hasChosen = false;
  filter.conditional = 'none';
}

function block(filter: SsiFilter, { name = '' }: Parameters): void {
  const { blocks } = sharedOf(filter.request);
  if (!blocks.has(name) && blocks.size >= NAMES_MAX) throw new SsiError('too many blocks');
  blocks.set(name, '');
  filter.block = name;
  filter.shows = false;
}

function endBlock(filter: SsiFilter): void {
  filter.block = undefined;
  filter.shows = true;
}
