import type { LogLevel } from './log-conf.ts';
import type { Template } from './template.ts';

/** What messages about limits may be: `limit_req_log_level` and its like. */
export type LimitLogLevel = LogLevel & ('info' | 'notice' | 'warn' | 'error');

/** `limit_req_zone key zone=name:size rate=rate`. */
export type RateZoneConf = {
  readonly name: string;
  readonly bytes: number;
  readonly key: Template;
  /** Requests per 1000 seconds. */
  readonly rate: number;
};

/** `limit_conn_zone key zone=name:size`. */
export type ConnectionZoneConf = {
  readonly name: string;
  readonly bytes: number;
  readonly key: Template;
};

/** `limit_req zone=name burst=number nodelay|delay=number`. */
export type RateLimitConf = {
  readonly zone: string;
  /** Requests over the rate that are taken. */
  readonly burst: number;
  /** How many of these do not wait; `Infinity`: none waits. */
  readonly delay: number;
};

/** `limit_conn zone number`. */
export type ConnectionLimitConf = { readonly zone: string; readonly max: number };

/** What is limited in a location. */
export interface LimitConf {
  readonly rateLimits: readonly RateLimitConf[];
  readonly rateLimitStatus: number;
  readonly rateLimitLogLevel: LimitLogLevel;
  /** Counts and tells, but refuses and delays nothing. */
  readonly rateLimitDryRun: boolean;
  readonly connectionLimits: readonly ConnectionLimitConf[];
  readonly connectionLimitStatus: number;
  readonly connectionLimitLogLevel: LimitLogLevel;
  readonly connectionLimitDryRun: boolean;
}

const SERVICE_UNAVAILABLE = 503;

export const LIMIT_DEFAULTS: LimitConf = {
  rateLimits: [],
  rateLimitStatus: SERVICE_UNAVAILABLE,
  rateLimitLogLevel: 'error',
  rateLimitDryRun: false,
  connectionLimits: [],
  connectionLimitStatus: SERVICE_UNAVAILABLE,
  connectionLimitLogLevel: 'error',
  connectionLimitDryRun: false,
};

/** Zones of `http`. */
export interface ZonesConf {
  readonly rateZones: readonly RateZoneConf[];
  readonly connectionZones: readonly ConnectionZoneConf[];
}

export const ZONES_DEFAULTS: ZonesConf = { rateZones: [], connectionZones: [] };
