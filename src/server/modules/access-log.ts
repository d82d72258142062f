import type { AccessLogConf, LogEscape } from '../conf/log-conf.ts';
import type { Template } from '../conf/template.ts';
import type { Environment, LogFile } from '../engine/environment.ts';
import { directoryOf } from '../engine/file-path.ts';
import type { Location } from '../engine/location.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import { systemError } from '../engine/system-errors.ts';
import { type Evaluate, hasVariables } from '../engine/templates.ts';
import type { Variable, Variables } from '../engine/variables.ts';
import { type Logging, type NamedLogging, namedLog } from './named-log.ts';

/** `access_log`: a line for each request, at its end. */
export const accessLogModule: HttpModule = {
  name: 'access log',
  location(location, site) {
    const { accessLogs, openLogCache: cache } = location.conf;
    if (accessLogs.length === 0) return;
    const named = { cache, mayWrite: hasRoot(location, site) };
    for (const conf of accessLogs) location.loggers.push(loggerOf(conf, site, named));
  },
};

/** Names that clients have a part in are logs only where there are files for them. */
function hasRoot(location: Location, site: Site): (request: Request) => boolean {
  const directory = directoryOf(location, site);
  return (request) => {
    const path = directory(request);
    const status = site.environment.files.status(path === '' ? '/' : path);
    if ('code' in status) {
      request.log('error', `testing "${path}" existence failed ${systemError(status)}`);
      return false;
    }
    if (!status.isDirectory) request.log('error', `"${path}" is not a directory`);
    return status.isDirectory;
  };
}

/** What lines are written for: the requests of a site of `http`, or the sessions of `stream`. */
export interface LogHost<Of extends Logging> {
  readonly environment: Environment;
  readonly variables: Variables<Of>;
  template(template: Template): Evaluate<Of>;
}

/** Writes one line of an `access_log`. */
export function loggerOf<Of extends Logging>(
  conf: AccessLogConf,
  site: LogHost<Of>,
  named: NamedLogging<Of>,
): (of: Of) => void {
  const line = lineOf(conf, site);
  const when = conf.when === undefined ? undefined : site.template(conf.when);
  const write = writerOf(conf, site, named);
  return (request) => {
    if (when !== undefined) {
      const value = when(request);
      if (value === '' || value === '0') return;
    }
    write(line(request), request);
  };
}

function writerOf<Of extends Logging>(
  { path, buffer, flush, gzip = 0 }: AccessLogConf,
  site: LogHost<Of>,
  named: NamedLogging<Of>,
): (line: string, request: Of) => void {
  const { environment } = site;
  if (hasVariables(path)) return namedLog(site.template(path), environment, named);
  const buffering = buffer === 0 ? undefined : { buffer, flush, gzip };
  const lines = new LogLines(environment, environment.log(path as string, buffering));
  return (line) => lines.add(line);
}

/** What one turn brings goes out in one write. */
class LogLines {
  #isAsked = false;
  readonly #task = (): void => this.#flush();
  readonly #environment: Environment;
  readonly #log: LogFile;
  #lines = '';

  constructor(environment: Environment, log: LogFile) {
    this.#environment = environment;
    this.#log = log;
  }

  /** Tasks run before what a turn has queued is sent: who has its answer finds its line. */
  add(line: string): void {
    this.#lines += line;
    if (this.#isAsked) return;
    this.#isAsked = this.#environment.port.loop.post(this.#task);
    if (!this.#isAsked) this.#flush();
  }

  #flush(): void {
    this.#isAsked = false;
    const lines = this.#lines;
    this.#lines = '';
    this.#log.write(lines);
  }
}

function lineOf<Of extends Logging>(
  { format }: AccessLogConf,
  site: LogHost<Of>,
): (request: Of) => string {
  const escaped = ESCAPES[format.escape];
  const missing = format.escape === 'default' ? '-' : '';
  const { before, variables, end } = piecesOf(format.template, site);
  return (request) => {
    let line = '';
    for (let i = 0; i < variables.length; i += 1) {
      const { get, isPlain } = variables[i] as Variable<Of>;
      const value = get(request);
      line += before[i];
      if (value === undefined) line += missing;
      else line += isPlain === true ? value : escaped(value);
    }
    return line + end;
  };
}

/** A line's variables, the text before each, and what comes after the last. */
type Pieces<Of extends Logging> = {
  readonly before: readonly string[];
  readonly variables: readonly Variable<Of>[];
  readonly end: string;
};

function piecesOf<Of extends Logging>(template: Template, site: LogHost<Of>): Pieces<Of> {
  const before: string[] = [];
  const variables: Variable<Of>[] = [];
  let text = '';
  for (const part of typeof template === 'string' ? [template] : template) {
    if (typeof part === 'string') text += part;
    else {
      before.push(text);
      variables.push(site.variables.find(part.name));
      text = '';
    }
  }
  return { before, variables, end: `${text}\n` };
}

const ESCAPES: Readonly<Record<LogEscape, (text: string) => string>> = {
  default: (text) => (PLAIN.test(text) ? text : text.replace(SPECIAL, hexEscape)),
  json: (text) => (PLAIN_JSON.test(text) ? text : text.replace(SPECIAL_JSON, jsonEscape)),
  none: (text) => text,
};

const PLAIN = /^[ !#-[\]-~]*$/;
const SPECIAL = /[^ !#-[\]-~]/g;
const PLAIN_JSON = /^[ !#-[\]-\xff]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const SPECIAL_JSON = /[\0-\x1f"\\]/g;

function hexEscape(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

const SHORT: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
  '"': '\\"',
  '\\': '\\\\',
};

function jsonEscape(char: string): string {
  return SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
