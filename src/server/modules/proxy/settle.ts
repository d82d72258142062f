import type { ClientConnection } from '../../../http/client-connection.ts';
import type { Request } from '../../engine/request.ts';
import type { UpstreamRun } from './upstream-run.ts';

/** What is known of an attempt at its end, for variables; `upstream` is still what it was made over. */
export function settle(
  request: Request,
  run: UpstreamRun,
  upstream: ClientConnection | undefined,
): void {
  if (!run.isOpen) return;
  run.isOpen = false;
  const { tunnel } = run;
  const { last } = run.tries;
  last.responseMs = request.site.port.loop.turnMs - last.startedMs;
  if (tunnel !== undefined) {
    last.received = run.headBytes + tunnel.serverBytes;
    last.sent = run.sentBytes + tunnel.clientBytes;
  } else if (upstream !== undefined) {
    last.received = upstream.responseBytes;
    last.sent = run.sentBytes - upstream.outbox.queuedBytes;
  }
  if (run.headBytes > 0) last.length = Math.max(0, last.received - run.headBytes);
}
