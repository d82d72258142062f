import type { HttpModule } from '../engine/module.ts';
import { RatePacer } from '../engine/rate-pacer.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { HeaderFilter } from '../engine/verdict.ts';

const KIB = 1024;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: KIB, m: KIB ** 2, g: KIB ** 3 };

/** Bytes of `8k`; `undefined`: it is no size. */
export function bytesOf(text: string): number | undefined {
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (UNITS[(match[2] as string).toLowerCase()] as number);
}

/** `limit_rate`, `limit_rate_after` and the variable `$limit_rate`. */
export const limitRateModule: HttpModule = {
  name: 'limit rate',
  variables: {
    limit_rate: {
      get: ({ rateText }) => String(bytesOf(rateText) ?? 0),
      set: (request, value) => {
        if (bytesOf(value) !== undefined) request.rateText = value;
        else request.log('error', `invalid $limit_rate "${value}"`);
      },
    },
  },
  location: ({ headerFilters, conf }, site) => {
    const { limitRate, limitRateAfter } = conf;
    headerFilters.push(limitRate === '0' && limitRateAfter === '0' ? slowIfAsked : slowed(site));
  },
};

/** Nothing is configured: a request may have been given a rate all the same. */
const slowIfAsked: HeaderFilter = (request) => {
  if (request.rateText !== '') pace(request, bytesOf(request.rateText) ?? 0, 0);
};

function slowed(site: Site): HeaderFilter {
  return (request) => {
    const { limitRate, limitRateAfter } = request.location.conf;
    const text = request.rateText === '' ? site.template(limitRate)(request) : request.rateText;
    const rate = bytesOf(text) ?? 0;
    if (rate > 0) pace(request, rate, bytesOf(site.template(limitRateAfter)(request)) ?? 0);
  };
}

function pace(request: Request, rate: number, after: number): void {
  if (rate > 0 && !request.isSubrequest) {
    request.isPaced = true;
    request.filterBody((next) => new RatePacer(request, next, rate, after));
  }
}
