import type { ServerName } from '../../server/conf/site-conf.ts';
import { type DirectiveTable, MANY, type Use } from '../directive.ts';
import { addressText, listensOf } from '../listen.ts';
import type { Scope } from '../scope.ts';

/** How a location is written: its kind, and its path or expression. */
export type LocationKey = {
  readonly match: 'exact' | 'prefix' | 'prefix-final' | 'regex' | 'named';
  readonly text: string;
  readonly regex: RegExp | undefined;
};

const KEY = 'location';

export function locationKeyOf(scope: Scope): LocationKey | undefined {
  return scope.parts.get(KEY) as LocationKey | undefined;
}

/** `http`, `server`, `location` and what names them. */
export const httpDirectives: DirectiveTable = {
  http: {
    contexts: ['main'],
    args: 0,
    block: true,
    read: (use) => {
      if (use.scope.parts.has('http')) use.failDuplicate();
      const scope = use.block('http');
      use.scope.parts.set('http', scope);
    },
  },
  server: {
    contexts: ['http'],
    args: 0,
    block: true,
    read: (use) => {
      use.scope.children.push(use.block('server'));
    },
  },
  location: { contexts: ['server', 'location'], args: [1, 2], block: true, read: readLocation },
  limit_except: {
    contexts: ['location'],
    args: [1, MANY],
    block: true,
    read: (use) => {
      if (use.scope.parts.has('limit_except')) use.failDuplicate();
      const methods = new Set(use.args.map((method) => checkedMethod(use, method)));
      if (methods.has('GET')) methods.add('HEAD');
      const scope = use.block('limit_except');
      use.scope.parts.set('limit_except', { methods: [...methods], scope });
    },
  },
  listen: {
    contexts: ['server'],
    args: [1, MANY],
    default: '*:80',
    read: (use) => {
      const known = (use.scope.own.listens as readonly { text: string }[] | undefined) ?? [];
      const listens = listensOf(use);
      for (const { text, endpoint } of listens) {
        if (!known.some((one) => one.text === text)) continue;
        use.fail(`a duplicate listen ${addressText(endpoint)}`);
      }
      use.scope.own.listens = [...known, ...listens];
    },
  },
  server_name: {
    contexts: ['server'],
    args: [1, MANY],
    default: '""',
    read: (use) => {
      const names = use.args.flatMap((name) => serverNames(use, name));
      const known = (use.scope.own.names as readonly ServerName[] | undefined) ?? [];
      use.scope.own.names = [...known, ...names];
      use.scope.own.name ??= displayName(use.first);
    },
  },
};

const METHODS =
  /^(?:GET|HEAD|POST|PUT|DELETE|MKCOL|COPY|MOVE|OPTIONS|PROPFIND|PROPPATCH|LOCK|UNLOCK|PATCH)$/i;

function checkedMethod(use: Use, method: string): string {
  if (!METHODS.test(method)) use.fail(`invalid method "${method}"`);
  return method.toUpperCase();
}

/** `$server_name` is the first one, without what makes it a pattern. */
function displayName(name: string): string {
  return name.startsWith('.') ? name.slice(1) : name;
}

/** Names with an asterisk where there can be none. */
export function badNamesOf(scope: Scope): string[] {
  const known = scope.parts.get('bad names') as string[] | undefined;
  const names = known ?? [];
  scope.parts.set('bad names', names);
  return names;
}

/** A word of `server_name`. */
export function serverNames(use: Use, text: string): readonly ServerName[] {
  if (text.startsWith('~')) {
    if (text === '~') use.fail(`empty regex in server name "${text}"`);
    const pattern = text.slice(1);
    return [{ kind: 'regex', regex: use.regex(pattern, true) }];
  }
  const name = text.toLowerCase();
  if (name.includes('/')) use.warn(`server name "${text}" has suspicious symbols`);
  if (name.startsWith('*.') && !name.slice(1).includes('*')) {
    return [{ kind: 'suffix', suffix: name.slice(1) }];
  }
  if (name.startsWith('.') && !name.includes('*')) {
    return [
      { kind: 'exact', name: name.slice(1) },
      { kind: 'suffix', suffix: name },
    ];
  }
  if (name.endsWith('.*') && !name.slice(0, -1).includes('*')) {
    return [{ kind: 'prefix', prefix: name.slice(0, -1) }];
  }
  if (name.includes('*')) {
    // It matters only where there are several servers to choose from.
    badNamesOf(use.scope).push(text);
    return [];
  }
  return [{ kind: 'exact', name }];
}

function readLocation(use: Use): void {
  const key = keyOf(use);
  checkPlace(use, key);
  const { scope } = use;
  const known = scope.children.find((child) => {
    const other = locationKeyOf(child);
    return (
      other !== undefined &&
      other.text === key.text &&
      key.match !== 'regex' &&
      key.match !== 'named' &&
      (other.match === 'exact') === (key.match === 'exact') &&
      other.match !== 'regex'
    );
  });
  if (known !== undefined) use.fail(`duplicate location "${key.text}"`);
  const inner = use.locationBlock(KEY, key);
  scope.children.push(inner);
}

/** Nested locations must be where their outer one is. */
function checkPlace(use: Use, { match, text }: LocationKey): void {
  const outer = locationKeyOf(use.scope);
  if (outer === undefined) return;
  if (outer.match === 'exact') {
    use.fail(`location "${text}" cannot be inside the exact location "${outer.text}"`);
  }
  if (outer.match === 'named') {
    use.fail(`location "${text}" cannot be inside the named location "${outer.text}"`);
  }
  if (match === 'named') use.fail(`named location "${text}" can be on the server level only`);
  const isPrefix = outer.match === 'prefix' || outer.match === 'prefix-final';
  if (match !== 'regex' && isPrefix && !text.startsWith(outer.text)) {
    use.fail(`location "${text}" is outside location "${outer.text}"`);
  }
}

const MODIFIERS: Readonly<Record<string, LocationKey['match']>> = {
  '=': 'exact',
  '^~': 'prefix-final',
  '~': 'regex',
  '~*': 'regex',
};

function keyOf(use: Use): LocationKey {
  const [first = '', second] = use.args;
  if (second !== undefined) {
    const match = MODIFIERS[first];
    if (match === undefined) return use.fail(`invalid location modifier "${first}"`);
    return make(use, match, second, first === '~*');
  }
  if (first.startsWith('@')) return make(use, 'named', first);
  const glued = /^(=|\^~|~\*|~)([\s\S]*)$/.exec(first);
  if (glued === null) return make(use, 'prefix', first);
  const modifier = glued[1] as string;
  return make(
    use,
    MODIFIERS[modifier] as LocationKey['match'],
    glued[2] as string,
    modifier === '~*',
  );
}

function make(
  use: Use,
  match: LocationKey['match'],
  text: string,
  ignoreCase = false,
): LocationKey {
  return { match, text, regex: match === 'regex' ? use.regex(text, ignoreCase) : undefined };
}
