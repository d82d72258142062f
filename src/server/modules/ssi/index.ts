import { typeMatcher } from '../../engine/content-types.ts';
import type { HttpModule } from '../../engine/module.ts';
import { OrderedBody } from '../../engine/ordered-body.ts';
import type { Request } from '../../engine/request.ts';
import { formattedTime, USUAL_FORMAT } from './dates.ts';
import { SsiFilter } from './filter.ts';

/** Of requests whose pages are followed; only `config timefmt` is asked of it. */
const filters = new WeakMap<Request, { readonly filter: SsiFilter; readonly use: number }>();

/** `ssi`: commands in pages. */
export const ssiModule: HttpModule = {
  name: 'ssi',
  variables: {
    date_local: (request) => dateOf(request, false),
    date_gmt: (request) => dateOf(request, true),
  },
  location({ conf, headerFilters }) {
    if (!conf.ssi) return;
    const isMeant = typeMatcher(conf.ssiTypes);
    headerFilters.push((request) => {
      if (request.out.contentLength !== 0 && isMeant(request.out.contentType)) follow(request);
    });
  },
};

function follow(request: Request): void {
  const { out, location } = request;
  if (!request.isSubrequest) {
    out.bodyChanges();
    if (location.conf.ssiLastModified) out.weakenEtag();
    else {
      out.clearLastModified();
      out.clearEtag();
    }
  }
  let filter: SsiFilter | undefined;
  request.filterBody((next) => {
    filter = new SsiFilter(request, next);
    filters.set(request, { filter, use: request.use });
    return filter;
  });
  request.filterBody((next) => {
    const order = new OrderedBody(request, next);
    if (filter !== undefined) filter.order = order;
    return order;
  });
}

function dateOf(request: Request, gmt: boolean): string {
  const known = filters.get(request);
  const format = known?.use === request.use ? known.filter.timeFormat : USUAL_FORMAT;
  return formattedTime(format, request.site.clock.wallMs(), gmt);
}
