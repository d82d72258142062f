export { AccessLog, type LogSink } from './access-log.ts';
export * from './proxy-config.ts';
export { type ErrorSource, type ErrorType, ProxyError } from './proxy-error.ts';
export { type ProxyParts, ReverseProxy } from './reverse-proxy.ts';
export type { Lookup } from './server-names.ts';
