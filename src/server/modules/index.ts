import type { HttpModule } from '../engine/module.ts';
import { accessLogModule } from './access-log.ts';
import { coreVariablesModule } from './core-variables.ts';
import { headersModule } from './headers.ts';
import { indexFilesModule } from './index-files.ts';
import { notModifiedModule } from './not-modified.ts';
import { proxyModule } from './proxy/index.ts';
import { rewriteModule } from './rewrite.ts';
import { staticFilesModule } from './static-files.ts';
import { tryFilesModule } from './try-files.ts';

/** All modules, in the order in which their handlers run within a phase. */
export const MODULES: readonly HttpModule[] = [
  coreVariablesModule,
  rewriteModule,
  tryFilesModule,
  proxyModule,
  indexFilesModule,
  staticFilesModule,
  notModifiedModule,
  headersModule,
  accessLogModule,
];
