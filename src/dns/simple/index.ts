export { DnsError, type DnsErrorCode, type DnsErrorOptions } from './dns-error.ts';
export {
  ATTEMPTS_MAX,
  LOOKUPS_MAX,
  type LookupOptions,
  lookupAddresses,
  SERVERS_MAX,
} from './lookup-addresses.ts';
export {
  type Answer,
  CNAME_LINKS_MAX,
  decodeResponse,
  encodeQuery,
  isResponseTo,
  type QueryType,
  TTL_MS_MAX,
} from './message.ts';
export { ATTEMPT_MS_MAX, type QuerySettings, SimpleQuery } from './simple-query.ts';
