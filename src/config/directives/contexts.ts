import type { ContextName } from '../scope.ts';

/** Where settings of a location may be made. */
export const HTTP_SERVER_LOCATION: readonly ContextName[] = ['http', 'server', 'location'];
/** The same, and inside of `if` in a location. */
export const HTTP_TO_IF: readonly ContextName[] = [...HTTP_SERVER_LOCATION, 'if-location'];
export const HTTP_SERVER: readonly ContextName[] = ['http', 'server'];
