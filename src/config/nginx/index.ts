import { ABSENT_MODULES } from './absent-modules.ts';
import { HTTP_MODULES } from './http-modules.ts';
import type { NginxModule } from './nginx-module.ts';
import { STREAM_MODULES } from './stream-modules.ts';

export { foreignHint } from './foreign.ts';
export type { NginxModule } from './nginx-module.ts';

/** All modules of open-source nginx at the level that is matched. */
export const NGINX_MODULES: readonly NginxModule[] = [
  ...HTTP_MODULES,
  ...STREAM_MODULES,
  ...ABSENT_MODULES,
];
