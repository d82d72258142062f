import { NGINX_VERSION } from '../../engine/version.ts';
import { addressBytes } from '../address-bytes.ts';
import { addressOf } from '../client-text.ts';
import type { StreamModule } from '../stream-module.ts';

const MS = 1000;

/** Of the client and of the session. */
export const streamVariablesModule: StreamModule = {
  name: 'variables',
  variables: {
    remote_addr: addressOf,
    remote_port: ({ remote }) => portText(remote.port),
    binary_remote_addr: ({ remote }) => addressBytes(remote),
    server_addr: ({ local }) => (local.family === 'unix' ? `unix:${local.address}` : local.address),
    server_port: ({ local }) => portText(local.port),
    server_name: ({ server }) => server.conf.name,
    protocol: ({ isUdp }) => (isUdp ? 'UDP' : 'TCP'),
    connection: ({ number }) => String(number),
    status: ({ status }) => (status === 0 ? '000' : String(status)),
    bytes_sent: ({ bytesSent }) => String(bytesSent),
    bytes_received: ({ bytesReceived }) => String(bytesReceived),
    session_time: ({ elapsedMs }) => (elapsedMs / MS).toFixed(3),
    msec: ({ site }) => (site.clock.wallMs() / MS).toFixed(3),
    time_local: ({ site }) => site.clock.local,
    time_iso8601: ({ site }) => site.clock.iso8601,
    pid: ({ site }) => String(site.environment.pid),
    hostname: ({ site }) => site.environment.hostname,
    nginx_version: () => NGINX_VERSION,
  },
};

function portText(port: number): string {
  return port === 0 ? '' : String(port);
}
