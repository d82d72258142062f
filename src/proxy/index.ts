export {
  type AccessEntry,
  type AccessFormat,
  AccessLog,
  type AccessLogOptions,
  type LogSink,
} from './access-log.ts';
export * from './framework/index.ts';
export type {
  NameAddresses,
  NameEvent,
  NameResolver,
  NameTarget,
  NameWatchOptions,
} from './name-resolver.ts';
export type { Lookup } from './name-source.ts';
export * from './proxy-config.ts';
export { type ErrorSource, type ErrorType, ProxyError } from './proxy-error.ts';
export { type ProxyParts, ReverseProxy } from './reverse-proxy.ts';
