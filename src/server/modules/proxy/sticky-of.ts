import type { Request } from '../../engine/request.ts';
import type { LocationTarget } from './upstreams.ts';

/** How requests of the current group find the same server again. */
export function stickyOf({ attempts }: Request): LocationTarget['sticky'] {
  return (attempts.target as LocationTarget).sticky;
}

/** What requests are bound to the server of the current attempt by. */
export function routeOf({ attempts }: Request): string {
  return attempts.target.group.peer(attempts.server).route;
}
