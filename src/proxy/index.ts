export {
  type AccessEntry,
  type AccessFormat,
  AccessLog,
  type AccessLogOptions,
  type LogSink,
} from './access-log.ts';
export * from './framework/index.ts';
export * from './proxy-config.ts';
export { type ErrorSource, type ErrorType, ProxyError } from './proxy-error.ts';
export { type ProxyParts, ReverseProxy } from './reverse-proxy.ts';
export type { Lookup } from './server-names.ts';
