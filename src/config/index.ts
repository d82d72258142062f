export { ConfigError, type Position } from './config-error.ts';
export type { DirectiveRow, DirectiveTable } from './directive.ts';
export type { HostUse } from './host-use.ts';
export { MAIN_DEFAULTS, type MainConf, type ProgramConf } from './program-conf.ts';
export { type ReadOptions, type ReadResult, readConfig } from './read-config.ts';
export type { PhaseModuleUse } from './reader.ts';
export { DIRECTIVES } from './registry.ts';
export type { SourceFile, Sources } from './syntax.ts';
export { isSyslog, type SyslogConf, syslogOf } from './syslog.ts';
