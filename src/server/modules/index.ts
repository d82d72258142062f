import type { HttpModule } from '../engine/module.ts';
import { accessLogModule } from './access-log.ts';
import { coreVariablesModule } from './core-variables.ts';
import { rewriteModule } from './rewrite.ts';

/** All modules, in the order in which their handlers run within a phase. */
export const MODULES: readonly HttpModule[] = [coreVariablesModule, rewriteModule, accessLogModule];
