import type { DirectiveTable } from './directive.ts';
import { absentDirectives } from './directives/absent.ts';
import { admissionDirectives } from './directives/admission.ts';
import { charsetDirectives } from './directives/charset.ts';
import { clientDirectives } from './directives/client.ts';
import { coreDirectives } from './directives/core.ts';
import { coreHintDirectives } from './directives/core-hints.ts';
import { fileDirectives } from './directives/files.ts';
import { geoDirectives } from './directives/geo.ts';
import { gzipDirectives } from './directives/gzip.ts';
import { headersDirectives } from './directives/headers.ts';
import { httpDirectives } from './directives/http.ts';
import { limitDirectives } from './directives/limit.ts';
import { listingDirectives } from './directives/listing.ts';
import { logDirectives } from './directives/log.ts';
import { lookupDirectives } from './directives/lookup.ts';
import { mainDirectives } from './directives/main.ts';
import { phaseDirectives } from './directives/phase.ts';
import { proxyDirectives } from './directives/proxy.ts';
import { proxyCacheDirectives } from './directives/proxy-cache.ts';
import { proxyStoreDirectives } from './directives/proxy-store.ts';
import { resolverDirectives } from './directives/resolver.ts';
import { rewriteDirectives } from './directives/rewrite.ts';
import { ssiDirectives } from './directives/ssi.ts';
import { sslDirectives } from './directives/ssl.ts';
import { streamDirectives } from './directives/stream.ts';
import { streamProxyDirectives } from './directives/stream-proxy.ts';
import { subFilterDirectives } from './directives/sub-filter.ts';
import { subrequestsDirectives } from './directives/subrequests.ts';
import { upstreamDirectives } from './directives/upstream.ts';
import { userIdDirectives } from './directives/user-id.ts';

/** All directives that are known, module by module. */
export const DIRECTIVES: readonly DirectiveTable[] = [
  mainDirectives,
  httpDirectives,
  coreDirectives,
  clientDirectives,
  coreHintDirectives,
  fileDirectives,
  rewriteDirectives,
  headersDirectives,
  listingDirectives,
  ssiDirectives,
  sslDirectives,
  subrequestsDirectives,
  subFilterDirectives,
  charsetDirectives,
  gzipDirectives,
  logDirectives,
  proxyDirectives,
  proxyCacheDirectives,
  proxyStoreDirectives,
  upstreamDirectives,
  resolverDirectives,
  phaseDirectives,
  lookupDirectives,
  geoDirectives,
  limitDirectives,
  admissionDirectives,
  userIdDirectives,
  streamDirectives,
  streamProxyDirectives,
  absentDirectives,
];
