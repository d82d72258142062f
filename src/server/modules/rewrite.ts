import type { Condition, Instruction, Script } from '../conf/script.ts';
import type { Template } from '../conf/template.ts';
import type { Location } from '../engine/location.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import { DuplicateVariable } from '../engine/variables.ts';
import { type Handler, NEXT, TAKEN, type Verdict } from '../engine/verdict.ts';
import { redirectText, rewriteText } from './rewrite-text.ts';

/** Goes on with the next instruction. */
const ON = -10;
/** The script is over. */
const OVER = -11;

type Step = (request: Request) => number;

const EMPTY_SCHEME = /^(?:https?:\/\/|\$scheme)/;

/** `rewrite`, `set`, `return`, `break` and `if`: they run in order, on a server and in a location. */
export const rewriteModule: HttpModule = {
  name: 'rewrite',
  server(server, site) {
    server.rewrite = scriptHandler(server.conf.script, site);
  },
  location(location, site) {
    location.rewrite = scriptHandler(location.conf.script, site);
  },
};

function scriptHandler(script: Script, site: Site): Handler | undefined {
  if (script.length === 0) return undefined;
  const steps = script.map((instruction) => compile(instruction, site));
  return (request) => {
    const end = runSteps(steps, request);
    return end === ON || end === OVER ? NEXT : (end as Verdict);
  };
}

function runSteps(steps: readonly Step[], request: Request): number {
  for (let i = 0; i < steps.length; i += 1) {
    const end = (steps[i] as Step)(request);
    if (end !== ON) return end;
  }
  return ON;
}

function compile(instruction: Instruction, site: Site): Step {
  switch (instruction.kind) {
    case 'set':
      return setStep(instruction, site);
    case 'rewrite':
      return rewriteStep(instruction, site);
    case 'return':
      return returnStep(instruction, site);
    case 'break':
      return () => OVER;
    case 'if':
      return ifStep(instruction, site);
  }
}

function setStep({ variable, value, place }: Instruction & { kind: 'set' }, site: Site): Step {
  const { set } = site.variables.defineSettable(variable);
  if (set === undefined) throw new DuplicateVariable(variable, place);
  const evaluate = site.template(value);
  return (request) => {
    set(request, evaluate(request));
    return ON;
  };
}

function ifStep(instruction: Instruction & { kind: 'if' }, site: Site): Step {
  const holds = compileCondition(instruction.condition, site);
  const steps = instruction.script.map((inner) => compile(inner, site));
  const { location: conf } = instruction;
  const location: Location | undefined = conf && site.makeLocation(conf);
  return (request) => {
    if (!holds(request)) return ON;
    if (location !== undefined) request.location = location;
    return runSteps(steps, request);
  };
}

function compileCondition(condition: Condition, site: Site): (request: Request) => boolean {
  if (condition.kind === 'file') {
    const path = site.template(condition.path);
    const { test, not } = condition;
    return (request) => fileIs(site, path(request), test) !== not;
  }
  const { get } = site.variables.find(condition.variable);
  if (condition.kind === 'set') {
    return (request) => {
      const value = get(request) ?? '';
      return value !== '' && value !== '0';
    };
  }
  if (condition.kind === 'equal') {
    const to = site.template(condition.to);
    return (request) => ((get(request) ?? '') === to(request)) !== condition.not;
  }
  return (request) => {
    const captures = condition.regex.exec(get(request) ?? '');
    if (captures !== null) request.captured(captures);
    return (captures !== null) !== condition.not;
  };
}

function fileIs(site: Site, path: string, test: (Condition & { kind: 'file' })['test']): boolean {
  const { files } = site.environment;
  const full = site.fullPath(path);
  if (test === 'executable') return files.isExecutable(full);
  const status = files.status(full);
  if ('code' in status) return false;
  if (test === 'file') return status.isFile;
  return test === 'directory' ? status.isDirectory : true;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function returnStep({ status, text }: Instruction & { kind: 'return' }, site: Site): Step {
  if (text === undefined) {
    return (request) => (status === 444 || status >= 300 ? status : reply(request, status, ''));
  }
  const evaluate = site.template(text);
  if (REDIRECTS.has(status)) {
    return (request) => {
      request.out.location = evaluate(request);
      return status;
    };
  }
  return (request) => reply(request, status, evaluate(request));
}

function reply(request: Request, status: number, text: string): Verdict {
  // One that an X-Accel-Redirect has brought along stays.
  const type = request.out.contentType || request.typeOf(request.uri);
  request.reply(status, text === '' && status === 204 ? '' : type, text);
  return TAKEN;
}

function rewriteStep(instruction: Instruction & { kind: 'rewrite' }, site: Site): Step {
  const { regex, flag, dropArgs } = instruction;
  if (flag === 'redirect' || flag === 'permanent' || startsWithScheme(instruction)) {
    return redirectStep(instruction, site);
  }
  const { path, args } = rewriteText(instruction.replacement, site);
  return (request) => {
    const captures = regex.exec(request.uri);
    if (captures === null) return ON;
    request.captured(captures);
    const uri = path(request);
    request.args = joinArgs(args?.(request), request.args, dropArgs);
    request.uri = uri;
    request.isAsReceived = false;
    request.internal = true;
    if (request.location.conf.rewriteLog) logRewritten(request);
    if (uri === '') {
      request.log('error', 'the rewritten URI has a zero length');
      return 500;
    }
    request.uriChanged = flag !== 'break';
    if (flag === 'break') request.isLocationValid = false;
    return flag === 'next' ? ON : OVER;
  };
}

function logRewritten(request: Request): void {
  const { uri, args } = request;
  request.log('notice', `rewritten data: "${uri}", args: "${args}"`);
}

function redirectStep(instruction: Instruction & { kind: 'rewrite' }, site: Site): Step {
  const { regex, flag, dropArgs, replacement } = instruction;
  const evaluate = redirectText(replacement, site);
  const separator = hasQuery(replacement) ? '&' : '?';
  return (request) => {
    const captures = regex.exec(request.uri);
    if (captures === null) return ON;
    request.captured(captures);
    const url = evaluate(request);
    const isAdded = !dropArgs && request.args !== '';
    request.out.location = isAdded ? url + separator + request.args : url;
    if (request.location.conf.rewriteLog) {
      request.log('notice', `rewritten redirect: "${request.out.location}"`);
    }
    return flag === 'permanent' ? 301 : 302;
  };
}

function hasQuery(replacement: Template): boolean {
  const parts = typeof replacement === 'string' ? [replacement] : replacement;
  return parts.some((part) => typeof part === 'string' && part.includes('?'));
}

function startsWithScheme({ replacement }: Instruction & { kind: 'rewrite' }): boolean {
  const [first] = typeof replacement === 'string' ? [replacement] : replacement;
  if (typeof first === 'object') return first.name === 'scheme';
  return first !== undefined && EMPTY_SCHEME.test(first);
}

/** New arguments, and behind them the old ones. */
function joinArgs(added: string | undefined, old: string, dropOld: boolean): string {
  const kept = dropOld ? '' : old;
  if (added === undefined || added === '') return kept;
  return kept === '' ? added : `${added}&${kept}`;
}
