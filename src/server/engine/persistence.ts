import { USER_AGENT } from '../../http/field-names.ts';
import type { MessageHead } from '../../http/message-head.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { RequestState } from './request-state.ts';
import { losesRequests } from './user-agent.ts';

/** May the client's connection carry another request after this one (RFC 9112 §9.3)? */
export function persists(request: RequestState): boolean {
  const client = request.client as ServerConnection;
  const { conf } = request.location;
  if (!request.keepAlive || conf.keepaliveTimeout === 0) return false;
  const ageMs = request.site.port.loop.turnMs - client.openedMs;
  if (ageMs > conf.keepaliveTime || isDisabled(request, client.head)) return false;
  return client.persistent && client.requests < conf.keepaliveRequests;
}

/** Old browsers that lose what comes after a POST on the same connection. */
function isDisabled({ method, location }: RequestState, head: MessageHead): boolean {
  const index = head.indexOf(USER_AGENT);
  if (index < 0) return false;
  return losesRequests(head.fieldValue(index), method, location.conf.keepaliveDisable);
}
