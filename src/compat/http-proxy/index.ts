import { ProxyServer } from './proxy-server.ts';

export type { CookieRewrite, ProxyTarget, ServerOptions, TargetParts } from './options.ts';
export type { ErrorCallback, ProxyEvents } from './proxy-events.ts';
export {
  type CreateProxyServer,
  createProxyServer,
  createProxyServer as createProxy,
  createProxyServer as createServer,
  ProxyServer,
  ProxyServer as Server,
} from './proxy-server.ts';
export { type Replaceable, takeOver } from './take-over.ts';

// biome-ignore lint/style/noDefaultExport: users of http-proxy import its default.
export default ProxyServer;
