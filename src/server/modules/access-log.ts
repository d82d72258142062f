import type { AccessLogConf, LogEscape } from '../conf/log-conf.ts';
import type { LogFile } from '../engine/environment.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import { hasVariables } from '../engine/templates.ts';
import type { Getter } from '../engine/variables.ts';
import type { Logger } from '../engine/verdict.ts';

/** `access_log`: a line for each request, at its end. */
export const accessLogModule: HttpModule = {
  name: 'access log',
  location(location, site) {
    for (const conf of location.conf.accessLogs) location.loggers.push(loggerOf(conf, site));
  },
};

function loggerOf(conf: AccessLogConf, site: Site): Logger {
  const line = lineOf(conf, site);
  const when = conf.when === undefined ? undefined : site.template(conf.when);
  const write = writerOf(conf, site);
  return (request) => {
    if (when !== undefined) {
      const value = when(request);
      if (value === '' || value === '0') return;
    }
    write(line(request), request);
  };
}

type Write = (line: string, request: Request) => void;

function writerOf({ path }: AccessLogConf, site: Site): Write {
  if (hasVariables(path)) {
    const evaluate = site.template(path);
    return (line, request) => site.environment.log(evaluate(request)).write(line);
  }
  const lines = new LogLines(site, site.environment.log(path as string));
  return (line) => lines.add(line);
}

/** What one turn brings goes out in one write. */
class LogLines {
  flushAsked = false;
  readonly #site: Site;
  readonly #log: LogFile;
  #lines = '';

  constructor(site: Site, log: LogFile) {
    this.#site = site;
    this.#log = log;
  }

  add(line: string): void {
    this.#lines += line;
    this.#site.port.loop.flushAtTurnEnd(this);
  }

  flush(): void {
    const lines = this.#lines;
    this.#lines = '';
    this.#log.write(lines);
  }
}

function lineOf({ format }: AccessLogConf, site: Site): (request: Request) => string {
  const { template } = format;
  const escaped = ESCAPES[format.escape];
  const parts = (typeof template === 'string' ? [template] : template).map(
    (part): string | Getter =>
      typeof part === 'string' ? part : site.variables.find(part.name).get,
  );
  const missing = format.escape === 'default' ? '-' : '';
  return (request) => {
    let line = '';
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i] as string | Getter;
      if (typeof part === 'string') line += part;
      else {
        const value = part(request);
        line += value === undefined ? missing : escaped(value);
      }
    }
    return `${line}\n`;
  };
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
