import type { AddedField } from '../conf/headers-conf.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { HeaderFilter } from '../engine/verdict.ts';
import { expiresFilter } from './expires.ts';
import { isForFields } from './field-statuses.ts';

/** `add_header`, `add_trailer` and `expires`. */
export const headersModule: HttpModule = {
  name: 'headers',
  location({ conf, headerFilters }, site) {
    if (conf.expires.kind !== 'off') headerFilters.push(expiresFilter(conf.expires, site));
    for (const field of conf.addHeaders) headerFilters.push(fieldFilter(field, site));
    if (conf.addTrailers.length > 0) headerFilters.push(trailersFilter(conf.addTrailers, site));
  },
};

function fieldFilter({ name, value, always }: AddedField, site: Site): HeaderFilter {
  const evaluate = site.template(value);
  const lower = name.toLowerCase();
  const set = lower === 'etag' ? setEtag : lower === 'last-modified' ? setLastModified : undefined;
  return (request) => {
    if (!always && !isForFields(request.out.status)) return;
    const text = evaluate(request);
    if (set !== undefined) set(request, text, name);
    else if (text !== '') request.out.add(name, text);
  };
}

function setEtag({ out }: Request, text: string, name: string): void {
  out.remove('ETag');
  out.etag = text;
  if (text !== '') out.add(name, text);
}

function setLastModified({ out }: Request, text: string): void {
  out.lastModified = -1;
  out.lastModifiedText = text;
}

/** Fields behind the body: what they are is known at its end. */
function trailersFilter(fields: readonly AddedField[], site: Site): HeaderFilter {
  const all = fields.map(({ value, ...field }) => ({ ...field, evaluate: site.template(value) }));
  const finish = (request: Request): void => {
    const isUsual = isForFields(request.out.status);
    for (const { name, always, evaluate } of all) {
      const value = always || isUsual ? evaluate(request) : '';
      if (value !== '') request.trailers.push({ name, value });
    }
  };
  const isAnyAlways = fields.some(({ always }) => always);
  return (request) => {
    if (isAnyAlways || isForFields(request.out.status)) request.makesTrailers = finish;
  };
}
