import { ADMISSION_DEFAULTS } from './admission-conf.ts';
import { CHARSET_DEFAULTS } from './charset-conf.ts';
import { FILE_DEFAULTS } from './file-conf.ts';
import { GZIP_DEFAULTS } from './gzip-conf.ts';
import { LIMIT_DEFAULTS, ZONES_DEFAULTS } from './limit-conf.ts';
import { LISTING_DEFAULTS } from './listing-conf.ts';
import type { LocationConf } from './location-conf.ts';
import type { LogFormat } from './log-conf.ts';
import { LOOKUP_DEFAULTS } from './lookup-conf.ts';
import { PHASE_DEFAULTS } from './phase-conf.ts';
import { PROXY_DEFAULTS } from './proxy-conf.ts';
import type { ServerConf, SiteConf } from './site-conf.ts';
import { SSI_DEFAULTS } from './ssi-conf.ts';
import { STATUS_DEFAULTS } from './status-conf.ts';
import { SUB_FILTER_DEFAULTS } from './sub-filter-conf.ts';
import { SUBREQUESTS_DEFAULTS } from './subrequests-conf.ts';
import { USER_ID_DEFAULTS } from './user-id-conf.ts';

const KIB = 1024;
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The format that nginx calls `combined`. */
export const COMBINED: LogFormat = {
  name: 'combined',
  escape: 'default',
  template: [
    { name: 'remote_addr' },
    ' - ',
    { name: 'remote_user' },
    ' [',
    { name: 'time_local' },
    '] "',
    { name: 'request' },
    '" ',
    { name: 'status' },
    ' ',
    { name: 'body_bytes_sent' },
    ' "',
    { name: 'http_referer' },
    '" "',
    { name: 'http_user_agent' },
    '"',
  ],
};

/** What holds where nothing is said: nginx's defaults, but for logs, of which there are none. */
export const LOCATION_DEFAULTS: LocationConf = {
  text: '',
  match: 'prefix',
  regex: undefined,
  locations: [],
  limitExcept: undefined,
  root: 'html',
  alias: undefined,
  types: new Map([
    ['html', 'text/html'],
    ['gif', 'image/gif'],
    ['jpg', 'image/jpeg'],
  ]),
  defaultType: 'text/plain',
  errorPages: [],
  recursiveErrorPages: false,
  internal: false,
  tryFiles: undefined,
  index: ['index.html'],
  satisfy: 'all',
  clientMaxBodySize: 1024 * KIB,
  clientBodyBufferSize: 16 * KIB,
  clientBodyTimeout: MINUTE,
  clientBodyInFileOnly: 'off',
  clientBodyInSingleBuffer: false,
  clientBodyTempPath: 'client_body_temp',
  keepaliveTimeout: 75 * SECOND,
  keepaliveHeader: 0,
  keepaliveRequests: 1000,
  keepaliveTime: 60 * MINUTE,
  keepaliveDisable: ['msie6'],
  earlyHints: [],
  lingeringClose: 'on',
  lingeringTime: 30 * SECOND,
  lingeringTimeout: 5 * SECOND,
  resetTimedoutConnection: false,
  sendTimeout: MINUTE,
  absoluteRedirect: true,
  serverNameInRedirect: false,
  portInRedirect: true,
  msiePadding: true,
  msieRefresh: false,
  logNotFound: true,
  logSubrequest: false,
  serverTokens: 'on',
  chunkedTransferEncoding: true,
  etag: true,
  ifModifiedSince: 'exact',
  subrequestOutputBufferSize: 4 * KIB,
  maxRanges: Number.MAX_SAFE_INTEGER,
  limitRate: '0',
  limitRateAfter: '0',
  sendfile: false,
  tcpNodelay: true,
  resolver: undefined,
  resolverTimeout: 30 * SECOND,
  script: [],
  rewriteLog: false,
  uninitializedVariableWarn: true,
  addHeaders: [],
  addTrailers: [],
  addHeaderInherit: 'on',
  addTrailerInherit: 'on',
  expires: { kind: 'off' },
  openLogCache: undefined,
  accessLogs: [],
  errorLogs: [],
  ...PROXY_DEFAULTS,
  ...PHASE_DEFAULTS,
  ...STATUS_DEFAULTS,
  ...ADMISSION_DEFAULTS,
  ...USER_ID_DEFAULTS,
  ...LIMIT_DEFAULTS,
  ...LISTING_DEFAULTS,
  ...SSI_DEFAULTS,
  ...SUBREQUESTS_DEFAULTS,
  ...SUB_FILTER_DEFAULTS,
  ...CHARSET_DEFAULTS,
  ...FILE_DEFAULTS,
  ...GZIP_DEFAULTS,
};

/** A server that listens nowhere yet. */
export const SERVER_DEFAULTS: ServerConf = {
  listens: [],
  names: [{ kind: 'exact', name: '' }],
  name: '',
  script: [],
  clientHeaderTimeout: MINUTE,
  clientHeaderBufferSize: KIB,
  largeClientHeaderBuffers: { number: 4, size: 8 * KIB },
  ignoreInvalidHeaders: true,
  underscoresInHeaders: false,
  mergeSlashes: true,
  maxHeaders: 1000,
  location: LOCATION_DEFAULTS,
};

export const SITE_DEFAULTS: SiteConf = {
  servers: [],
  logFormats: [COMBINED],
  upstreams: [],
  captureNames: [],
  debugConnections: [],
  charsetMaps: [],
  prefix: '/',
  ...LOOKUP_DEFAULTS,
  ...ZONES_DEFAULTS,
};
