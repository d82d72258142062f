import type { CookieFlags, ProxyConf } from '../../conf/proxy-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { domainRule, firstOf, prefixRule, type ValueRule } from './value-rules.ts';

type Attribute = { name: string; value: string | undefined };
type FlagRule = (request: Request, cookie: string) => readonly string[] | undefined;

/** Changes Set-Cookie as `proxy_cookie_domain`, `_path` and `_flags` say. */
export class CookieRules {
  readonly #domains: readonly ValueRule[];
  readonly #paths: readonly ValueRule[];
  readonly #flags: readonly FlagRule[];

  constructor(conf: ProxyConf, site: Site) {
    this.#domains = conf.proxyCookieDomains.map((rule) => domainRule(rule, site));
    this.#paths = conf.proxyCookiePaths.map((rule) => prefixRule(rule, site));
    this.#flags = conf.proxyCookieFlags.map((rule) => flagRule(rule, site));
  }

  get isEmpty(): boolean {
    return this.#domains.length + this.#paths.length + this.#flags.length === 0;
  }

  /** The value of a Set-Cookie as the client gets it: the same text where nothing is changed. */
  apply(request: Request, text: string): string {
    const attributes = text.split(';').map(attributeOf);
    const [cookie, ...rest] = attributes as [Attribute, ...Attribute[]];
    if (cookie.value === undefined) return text;
    let changed = false;
    for (const attribute of rest) {
      const { name, value } = attribute;
      const rules = this.#rulesFor(name.toLowerCase());
      if (value === undefined || rules === undefined) continue;
      const other = firstOf(rules, request, value);
      if (other === undefined) continue;
      attribute.value = other;
      changed = true;
    }
    const flags = this.#flagsFor(request, cookie.name);
    if (flags.length === 0 && !changed) return text;
    return [cookie, ...withFlags(rest, flags)].map(textOf).join('; ');
  }

  #rulesFor(name: string): readonly ValueRule[] | undefined {
    if (name === 'domain') return this.#domains;
    return name === 'path' ? this.#paths : undefined;
  }

  #flagsFor(request: Request, cookie: string): readonly string[] {
    for (const rule of this.#flags) {
      const flags = rule(request, cookie);
      if (flags !== undefined) return flags;
    }
    return [];
  }
}

function attributeOf(text: string): Attribute {
  const equals = text.indexOf('=');
  if (equals < 0) return { name: text.trim(), value: undefined };
  return { name: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim() };
}

function textOf({ name, value }: Attribute): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** What each flag means: the attribute, and its value; `undefined` for an attribute without one. */
const FLAGS: Readonly<Record<string, Attribute>> = {
  secure: { name: 'Secure', value: undefined },
  httponly: { name: 'HttpOnly', value: undefined },
  'samesite=strict': { name: 'SameSite', value: 'Strict' },
  'samesite=lax': { name: 'SameSite', value: 'Lax' },
  'samesite=none': { name: 'SameSite', value: 'None' },
};
const DROPS: Readonly<Record<string, string>> = {
  nosecure: 'secure',
  nohttponly: 'httponly',
  nosamesite: 'samesite',
};

/** Of flags that contradict each other, the one that sets wins, and the strictest of those. */
function withFlags(attributes: readonly Attribute[], flags: readonly string[]): Attribute[] {
  const wanted = new Map<string, Attribute>();
  for (const [flag, attribute] of Object.entries(FLAGS)) {
    const key = attribute.name.toLowerCase();
    if (flags.includes(flag) && !wanted.has(key)) wanted.set(key, attribute);
  }
  const dropped = new Set(flags.map((flag) => DROPS[flag] ?? ''));
  const kept: Attribute[] = [];
  for (const attribute of attributes) {
    const key = attribute.name.toLowerCase();
    const given = wanted.get(key);
    if (given !== undefined) {
      wanted.delete(key);
      const isSame = attribute.value?.toLowerCase() === given.value?.toLowerCase();
      kept.push(isSame || key !== 'samesite' ? attribute : given);
    } else if (!dropped.has(key)) kept.push(attribute);
  }
  return [...kept, ...wanted.values()];
}

function flagRule({ cookie, flags }: CookieFlags, site: Site): FlagRule {
  const values = flags.map((flag) => site.template(flag));
  const evaluate = (request: Request): string[] =>
    values.map((value) => value(request).toLowerCase()).filter((value) => value !== '');
  if (cookie instanceof RegExp) {
    return (request, name) => {
      const captures = cookie.exec(name);
      if (captures === null) return undefined;
      request.captured(captures);
      return evaluate(request);
    };
  }
  const wanted = site.template(cookie);
  return (request, name) =>
    wanted(request).toLowerCase() === name.toLowerCase() ? evaluate(request) : undefined;
}
