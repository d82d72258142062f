import type { HttpModule } from '../engine/module.ts';
import { accessModule } from './access.ts';
import { accessLogModule } from './access-log.ts';
import { additionModule } from './addition.ts';
import { authBasicModule } from './auth-basic.ts';
import { authRequestModule } from './auth-request.ts';
import { charsetModule } from './charset/index.ts';
import { coreVariablesModule } from './core-variables.ts';
import { gunzipModule } from './gzip/gunzip.ts';
import { gzipModule } from './gzip/index.ts';
import { gzipStaticModule } from './gzip/static.ts';
import { headersModule } from './headers.ts';
import { indexFilesModule } from './index-files.ts';
import { limitConnectionsModule } from './limit-connections.ts';
import { limitRateModule } from './limit-rate.ts';
import { limitRequestsModule } from './limit-requests.ts';
import { autoindexModule, randomIndexModule } from './listing/index.ts';
import { lookupModule } from './lookup.ts';
import { mirrorModule } from './mirror.ts';
import { notModifiedModule } from './not-modified.ts';
import { phasesModule, responsePhasesModule } from './phases/index.ts';
import { postActionModule } from './post-action.ts';
import { proxyModule } from './proxy/index.ts';
import { proxyProtocolModule } from './proxy-protocol.ts';
import { rangesModule } from './ranges.ts';
import { realIpModule } from './real-ip.ts';
import { refererModule } from './referer.ts';
import { requestVariablesModule } from './request-variables.ts';
import { rewriteModule } from './rewrite.ts';
import { secureLinkModule } from './secure-link.ts';
import { ssiModule } from './ssi/index.ts';
import { staticFilesModule } from './static-files.ts';
import { stubStatusModule } from './stub-status.ts';
import { subFilterModule } from './sub-filter/index.ts';
import { tlsVariablesModule } from './tls-variables.ts';
import { tryFilesModule } from './try-files.ts';
import { userIdModule } from './user-id.ts';

/** All modules, in the order in which their handlers run within a phase. */
export const MODULES: readonly HttpModule[] = [
  coreVariablesModule,
  requestVariablesModule,
  tlsVariablesModule,
  lookupModule,
  proxyProtocolModule,
  rewriteModule,
  phasesModule,
  realIpModule,
  limitRequestsModule,
  limitConnectionsModule,
  accessModule,
  authBasicModule,
  refererModule,
  secureLinkModule,
  authRequestModule,
  tryFilesModule,
  stubStatusModule,
  mirrorModule,
  proxyModule,
  randomIndexModule,
  indexFilesModule,
  autoindexModule,
  gzipStaticModule,
  staticFilesModule,
  notModifiedModule,
  userIdModule,
  headersModule,
  responsePhasesModule,
  gunzipModule,
  subFilterModule,
  charsetModule,
  ssiModule,
  additionModule,
  gzipModule,
  rangesModule,
  postActionModule,
  limitRateModule,
  accessLogModule,
];
