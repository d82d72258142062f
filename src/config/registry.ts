import type { DirectiveTable } from './directive.ts';
import { coreDirectives } from './directives/core.ts';
import { headersDirectives } from './directives/headers.ts';
import { httpDirectives } from './directives/http.ts';
import { logDirectives } from './directives/log.ts';
import { mainDirectives } from './directives/main.ts';
import { proxyDirectives } from './directives/proxy.ts';
import { rewriteDirectives } from './directives/rewrite.ts';
import { upstreamDirectives } from './directives/upstream.ts';

/** All directives that are known, module by module. */
export const DIRECTIVES: readonly DirectiveTable[] = [
  mainDirectives,
  httpDirectives,
  coreDirectives,
  rewriteDirectives,
  headersDirectives,
  logDirectives,
  proxyDirectives,
  upstreamDirectives,
];
