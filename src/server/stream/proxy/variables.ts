import type { Getter, VariableTable } from '../../engine/variables.ts';
import type { StreamSession, UpstreamState } from '../stream-session.ts';

/** What is known of the servers that a session has tried: one entry for each attempt. */
export const upstreamVariables: VariableTable<StreamSession> = {
  upstream_addr: each(({ address }) => address),
  upstream_bytes_sent: each(({ bytesSent }) => String(bytesSent)),
  upstream_bytes_received: each(({ bytesReceived }) => String(bytesReceived)),
  upstream_connect_time: each(({ connectMs }) => seconds(connectMs)),
  upstream_first_byte_time: each(({ firstByteMs }) => seconds(firstByteMs)),
  upstream_session_time: each(({ sessionMs }) => seconds(sessionMs)),
};

function each(textOf: (state: UpstreamState) => string): Getter<StreamSession> {
  return ({ upstreams }) => (upstreams.length === 0 ? undefined : upstreams.map(textOf).join(', '));
}

function seconds(ms: number): string {
  return ms < 0 ? '-' : (ms / 1000).toFixed(3);
}
