import type { ProxyRedirect } from '../../conf/proxy-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';

/** What a value becomes; `undefined` where the rule does not say. */
export type ValueRule = (request: Request, value: string) => string | undefined;

/** The first rule that says something counts; `undefined`: none does. */
export function firstOf(
  rules: readonly ValueRule[],
  request: Request,
  value: string,
): string | undefined {
  for (let i = 0; i < rules.length; i += 1) {
    const changed = (rules[i] as ValueRule)(request, value);
    if (changed !== undefined) return changed;
  }
  return undefined;
}

/** `from` at a value's beginning becomes `to`; a regular expression stands for all of it. */
export function prefixRule({ from, to }: ProxyRedirect, site: Site): ValueRule {
  if (from instanceof RegExp) return regexRule(from, to, site);
  const before = site.template(from);
  const after = site.template(to);
  return (request, value) => {
    const prefix = before(request);
    return value.startsWith(prefix) ? after(request) + value.slice(prefix.length) : undefined;
  };
}

/** All of a domain, whatever its case, and without the dot in front of it. */
export function domainRule({ from, to }: ProxyRedirect, site: Site): ValueRule {
  if (from instanceof RegExp) return regexRule(from, to, site);
  const before = site.template(from);
  const after = site.template(to);
  return (request, value) => {
    const dot = value.startsWith('.') ? '.' : '';
    if (value.slice(dot.length).toLowerCase() !== before(request).toLowerCase()) return undefined;
    return dot + after(request);
  };
}

function regexRule(regex: RegExp, to: ProxyRedirect['to'], site: Site): ValueRule {
  const after = site.template(to);
  return (request, value) => {
    const captures = regex.exec(value);
    if (captures === null) return undefined;
    request.captured(captures);
    return after(request);
  };
}
