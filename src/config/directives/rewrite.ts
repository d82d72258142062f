import type { Condition, Instruction, RewriteFlag } from '../../server/conf/script.ts';
import type { Template } from '../../server/conf/template.ts';
import { type DirectiveTable, flag, type Use } from '../directive.ts';
import type { Scope } from '../scope.ts';
import { HTTP_TO_IF } from './contexts.ts';

const SCRIPT = 'script';

/** The instructions of a block, in order; what an `if` changes is made when all is read. */
export function scriptOf(scope: Scope): (Instruction | PendingIf)[] {
  let script = scope.parts.get(SCRIPT) as (Instruction | PendingIf)[] | undefined;
  if (script === undefined) {
    script = [];
    scope.parts.set(SCRIPT, script);
  }
  return script;
}

/** An `if` whose block is read, but not yet merged with what stands around it. */
export type PendingIf = {
  readonly kind: 'pending-if';
  readonly condition: Condition;
  readonly scope: Scope;
};

const IN_SERVER_OR_LOCATION = ['server', 'location', 'if-server', 'if-location'] as const;

/** `rewrite`, `return`, `break`, `set` and `if`. */
export const rewriteDirectives: DirectiveTable = {
  rewrite: { contexts: IN_SERVER_OR_LOCATION, args: [2, 3], read: readRewrite },
  return: { contexts: IN_SERVER_OR_LOCATION, args: [1, 2], read: readReturn },
  break: {
    contexts: IN_SERVER_OR_LOCATION,
    args: 0,
    read: (use) => scriptOf(use.scope).push({ kind: 'break' }),
  },
  set: {
    contexts: IN_SERVER_OR_LOCATION,
    args: 2,
    read: (use) => {
      const variable = variableName(use, use.first);
      const value = use.template(use.args[1]);
      const { file, line } = use.position;
      scriptOf(use.scope).push({ kind: 'set', variable, value, place: { file, line } });
    },
  },
  if: { contexts: ['server', 'location'], args: [1, 6], block: true, read: readIf },
  rewrite_log: {
    contexts: [...HTTP_TO_IF, 'if-server'],
    args: 'flag',
    default: 'off',
    read: flag('rewriteLog'),
  },
  uninitialized_variable_warn: {
    contexts: [...HTTP_TO_IF, 'if-server'],
    args: 'flag',
    default: 'on',
    read: flag('uninitializedVariableWarn'),
  },
};

function variableName(use: Use, text: string): string {
  if (!text.startsWith('$')) use.fail(`invalid variable name "${text}"`);
  const name = text.slice(1).replace(/^\{(.*)\}$/, '$1');
  if (!/^[A-Za-z0-9_]+$/.test(name)) use.fail(`invalid variable name "${text}"`);
  return name.toLowerCase();
}

const FLAGS: readonly RewriteFlag[] = ['last', 'break', 'redirect', 'permanent'];

function readRewrite(use: Use): void {
  const [pattern = '', replacement = '', word] = use.args;
  const rewriteFlag = word === undefined ? 'next' : FLAGS.find((one) => one === word);
  if (rewriteFlag === undefined) use.fail(`invalid parameter "${word}"`);
  const dropArgs = replacement.endsWith('?');
  scriptOf(use.scope).push({
    kind: 'rewrite',
    regex: use.regex(pattern),
    replacement: use.template(dropArgs ? replacement.slice(0, -1) : replacement),
    flag: rewriteFlag,
    dropArgs,
  });
}

const URL_START = /^(?:https?:\/\/|\$scheme)/;

function readReturn(use: Use): void {
  const [first = '', second] = use.args;
  const status = /^\d+$/.test(first) ? Number(first) : undefined;
  if (status === undefined) {
    if (second !== undefined || !URL_START.test(first)) use.fail(`invalid return code "${first}"`);
    scriptOf(use.scope).push({ kind: 'return', status: 302, text: use.template(first) });
    return;
  }
  if (status > 999) use.fail(`invalid return code "${first}"`);
  const text: Template | undefined = second === undefined ? undefined : use.template(second);
  scriptOf(use.scope).push({ kind: 'return', status, text });
}

function readIf(use: Use): void {
  const condition = conditionOf(use);
  const inner = use.block(use.scope.context === 'server' ? 'if-server' : 'if-location');
  const pending: PendingIf = { kind: 'pending-if', condition, scope: inner };
  scriptOf(use.scope).push(pending);
  use.scope.children.push(inner);
}

const FILE_TESTS: Readonly<Record<string, 'file' | 'directory' | 'exists' | 'executable'>> = {
  f: 'file',
  d: 'directory',
  e: 'exists',
  x: 'executable',
};

/** `( $a = b )` in whatever pieces it came. */
function conditionOf(use: Use): Condition {
  const words = withoutBrackets(use);
  const [first = '', operator, operand, ...more] = words;
  const invalid = (): never => use.fail(`invalid condition "${first}"`);
  const fileTest = /^(!?)-([fdex])$/.exec(first);
  if (fileTest !== null) {
    if (operator === undefined || operand !== undefined) return invalid();
    const path = use.template(operator);
    return {
      kind: 'file',
      test: FILE_TESTS[fileTest[2] as string] ?? 'exists',
      path,
      not: fileTest[1] === '!',
    };
  }
  if (!first.startsWith('$') || first.length === 1) return invalid();
  const variable = variableName(use, first);
  if (operator === undefined) return { kind: 'set', variable };
  if (operand === undefined || more.length > 0) return invalid();
  if (operator === '=' || operator === '!=') {
    return { kind: 'equal', variable, to: use.template(operand), not: operator === '!=' };
  }
  const match = /^(!?)~(\*?)$/.exec(operator);
  if (match === null) return use.fail(`unexpected "${operator}" in condition`);
  return {
    kind: 'match',
    variable,
    regex: use.regex(operand, match[2] === '*'),
    not: match[1] === '!',
  };
}

function withoutBrackets(use: Use): readonly string[] {
  const words = [...use.args];
  const first = words[0] as string;
  const last = words.at(-1) as string;
  if (!first.startsWith('(') || !last.endsWith(')')) use.fail(`invalid condition "${first}"`);
  if (words.length === 1) words[0] = first.slice(1, -1);
  else {
    words[0] = first.slice(1);
    words[words.length - 1] = last.slice(0, -1);
  }
  return words.filter((word, index) => word !== '' || (index > 0 && index < words.length - 1));
}
