import type { Script } from './script.ts';
import type { Template } from './template.ts';

/** `error_page 500 502 =200 /50x.html`. */
export type ErrorPage = {
  readonly statuses: readonly number[];
  /** `=200`; `target`: a bare `=`; `undefined`: the error's own. */
  readonly answer: number | 'target' | undefined;
  /** A path, `@name` or a URL. */
  readonly target: Template;
};

/** `try_files a b/ =404`: files tried in order, then what happens without one. */
export type TryFiles = {
  readonly files: readonly { readonly path: Template; readonly directory: boolean }[];
  readonly last: { readonly status: number } | { readonly uri: Template };
};

/** `alias`: `path` takes the place of the first `matched` characters of a path; -1: of all of it. */
export type AliasConf = { readonly path: Template; readonly matched: number };

/** What the core module knows of a location. Times in milliseconds, sizes in bytes. */
export interface CoreConf {
  readonly root: Template;
  readonly alias: AliasConf | undefined;
  /** By extension, in lower case. */
  readonly types: ReadonlyMap<string, string>;
  readonly defaultType: string;
  readonly errorPages: readonly ErrorPage[];
  readonly recursiveErrorPages: boolean;
  readonly internal: boolean;
  readonly tryFiles: TryFiles | undefined;
  /** What a path with a slash at its end is answered with. */
  readonly index: readonly Template[];
  readonly satisfy: 'all' | 'any';
  readonly clientMaxBodySize: number;
  readonly clientBodyBufferSize: number;
  readonly clientBodyTimeout: number;
  readonly clientBodyInFileOnly: 'off' | 'on' | 'clean';
  readonly clientBodyInSingleBuffer: boolean;
  readonly clientBodyTempPath: string;
  readonly keepaliveTimeout: number;
  /** Seconds of the `Keep-Alive` field; 0: it is not sent. */
  readonly keepaliveHeader: number;
  readonly keepaliveRequests: number;
  readonly keepaliveTime: number;
  readonly keepaliveDisable: readonly string[];
  /** A 103 is passed on where one of these is neither empty nor `0`. */
  readonly earlyHints: readonly Template[];
  readonly lingeringClose: 'off' | 'on' | 'always';
  readonly lingeringTime: number;
  readonly lingeringTimeout: number;
  readonly resetTimedoutConnection: boolean;
  readonly sendTimeout: number;
  readonly absoluteRedirect: boolean;
  readonly serverNameInRedirect: boolean;
  readonly portInRedirect: boolean;
  readonly msiePadding: boolean;
  readonly msieRefresh: boolean;
  readonly logNotFound: boolean;
  readonly logSubrequest: boolean;
  readonly serverTokens: 'on' | 'off' | 'build';
  readonly chunkedTransferEncoding: boolean;
  readonly etag: boolean;
  readonly ifModifiedSince: 'off' | 'exact' | 'before';
  readonly maxRanges: number;
  /** Of an answer that becomes a variable. */
  readonly subrequestOutputBufferSize: number;
  /** Bytes per second; '0' and '' are no limit. */
  readonly limitRate: Template;
  readonly limitRateAfter: Template;
  readonly sendfile: boolean;
  readonly tcpNodelay: boolean;
  readonly resolver: ResolverConf | undefined;
  readonly resolverTimeout: number;
}

/** `resolver 127.0.0.1:5353 valid=30s ipv6=off`. */
export type ResolverConf = {
  readonly servers: readonly string[];
  /** How long answers are kept, whatever they say; milliseconds. */
  readonly valid: number | undefined;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
};

/** What the rewrite module does in a server or a location. */
export interface RewriteConf {
  readonly script: Script;
  readonly rewriteLog: boolean;
  readonly uninitializedVariableWarn: boolean;
}
