import type { Endpoint } from '../core/endpoint.ts';
import type { UpstreamConfig } from './proxy-config.ts';
import { POOL_LIMITS } from './upstream/index.ts';
import type { UpstreamConfig as GroupConfig, ServerConfig } from './upstream/upstream-config.ts';

const FAIL_TIMEOUT_MS = 10_000; // nginx's default.
const HOLD_MS = 30_000;
const AGE_MS = 3_600_000;

/** The servers of a plain reverse proxy as a group: equal, and taken in turn. */
export function groupConfigOf(config: UpstreamConfig): GroupConfig {
  const { authority, servers, idleMax, triesMax, retryOn, timeouts, requestsMax } = config;
  const idle = { idle: idleMax, idlePerPeer: idleMax, idleMs: timeouts.idleMs };
  return {
    name: authority,
    servers: 'name' in servers ? [serverOf(servers)] : servers.map(serverOfEndpoint),
    balance: { method: 'round-robin' },
    pool: { ...POOL_LIMITS, ...idle, requests: requestsMax, ageMs: AGE_MS },
    health: undefined,
    retry: { on: retryOn, tries: triesMax, budgetMs: 0 },
    timeouts,
    resolve: 'name' in servers,
    holdMs: HOLD_MS,
    destination: {},
  };
}

function serverOf({ name, port }: { readonly name: string; readonly port: number }): ServerConfig {
  return { ...PLAIN, name: `${name}:${port}`, host: name, port, endpoint: undefined };
}

function serverOfEndpoint(endpoint: Endpoint): ServerConfig {
  const { address, port } = endpoint;
  return { ...PLAIN, name: `${address}:${port}`, host: address, port, endpoint };
}

const PLAIN = {
  scheme: 'http',
  weight: 1,
  backup: false,
  down: false,
  maxConns: 0,
  maxFails: 1,
  failTimeoutMs: FAIL_TIMEOUT_MS,
  slowStartMs: 0,
} as const;
