export type { Address, AddressSet, LookupCall } from './address-set.ts';
export {
  type AttemptRecord,
  DnsError,
  type DnsErrorCode,
  type DnsErrorDetails,
  type Transport,
} from './dns-error.ts';
export type { LookupAddress, LookupCallback, LookupFunction } from './lookup.ts';
export type { LookupOptions } from './lookup-call.ts';
export type { ResolverOptions } from './options.ts';
export { type DnsPlatform, type LookupHints, usePlatform } from './platform.ts';
export type { Records } from './record-search.ts';
export { Resolver } from './resolver.ts';
export type { SrvTarget } from './service-search.ts';
export type { Family } from './special-names.ts';
export type { ResolverStats } from './stats.ts';
export type { ServerSpec } from './system/server-spec.ts';
export type { FileStamp, SystemFiles } from './system/system-config.ts';
export type { WatchEvent } from './watcher.ts';
export type { WatchOptions } from './watches.ts';
export type { RecordData, RecordType, SvcParams } from './wire/record-type.ts';
