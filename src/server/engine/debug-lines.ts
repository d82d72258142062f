import type { ServerConnection } from '../../http/server-connection.ts';
import type { RequestState } from './request-state.ts';

/** For logs that take everything: what has been asked. */
export function logBegin(request: RequestState): void {
  const { head } = request.client as ServerConnection;
  const line = head.text.slice(0, Math.max(0, head.fieldsStart - 2));
  request.log('debug', `http request line: "${line}"`);
  for (let index = 0; index < head.fieldCount; index += 1) {
    request.log('debug', `http header: "${head.fieldName(index)}: ${head.fieldValue(index)}"`);
  }
}

/** The same for where it is answered. */
export function logLocation(request: RequestState): void {
  request.log('debug', `using configuration "${request.location.conf.text}"`);
}
