export type { AccessRuleConf, AdmissionConf, RealIpHeader } from './conf/admission-conf.ts';
export type { CoreConf, ErrorPage, ResolverConf, TryFiles } from './conf/core-conf.ts';
export { COMBINED, LOCATION_DEFAULTS, SERVER_DEFAULTS, SITE_DEFAULTS } from './conf/defaults.ts';
export type {
  ConnectionLimitConf,
  ConnectionZoneConf,
  RateLimitConf,
  RateZoneConf,
} from './conf/limit-conf.ts';
export type { LocationConf } from './conf/location-conf.ts';
export type {
  AccessLogConf,
  ErrorLogConf,
  LogBuffering,
  LogEscape,
  LogFormat,
  LogLevel,
  OpenLogCache,
} from './conf/log-conf.ts';
export type { GeoConf, GeoRange, MapConf, MapEntry, SplitConf } from './conf/lookup-conf.ts';
export type { Condition, Instruction, Script } from './conf/script.ts';
export type { ListenConf, ServerConf, ServerName, SiteConf } from './conf/site-conf.ts';
export {
  STREAM_DEFAULTS,
  STREAM_SERVER_DEFAULTS,
  type StreamConf,
  type StreamListenConf,
  type StreamServerConf,
} from './conf/stream-conf.ts';
export type { Template } from './conf/template.ts';
export type { UpstreamConf, UpstreamServerConf } from './conf/upstream-conf.ts';
export type {
  Environment,
  ErrorLog,
  FileError,
  FileStatus,
  Files,
  LogFile,
} from './engine/environment.ts';
export { Location } from './engine/location.ts';
export type { HttpModule } from './engine/module.ts';
export { Request } from './engine/request.ts';
export { Site } from './engine/site.ts';
export { type Handler, NEXT, PASS, TAKEN, type Verdict, WAIT } from './engine/verdict.ts';
export { NGINX_VERSION } from './engine/version.ts';
export { MODULES } from './modules/index.ts';
export { type LocationPlugin, pluginOf } from './modules/phases/plugin-of.ts';
export { runOf } from './modules/proxy/upstream-run.ts';
export { type WantedZone, type ZoneCare, zoneCare, zoneMemoryBytes } from './shared/zone-kinds.ts';
export { HEAD as ZONE_HEAD, type SharedZones, type ZoneMemory } from './shared/zone-memory.ts';
export { Zones } from './shared/zones.ts';
export { STREAM_MODULES } from './stream/modules/index.ts';
export { StreamSite } from './stream/stream-site.ts';
