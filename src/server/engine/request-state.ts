import type { ServerConnection } from '../../http/server-connection.ts';
import { Session } from '../../proxy/session.ts';
import type { LogLevel } from '../conf/log-conf.ts';
import type { UpstreamRun } from '../modules/proxy/upstream-run.ts';
import type { BodyIntake } from './body-intake.ts';
import { ClientAddress } from './client-address.ts';
import { ClientBody } from './client-body.ts';
import type { BodyPart } from './file-sender.ts';
import type { Hold } from './hold.ts';
import type { HttpListener } from './listener.ts';
import type { Location } from './location.ts';
import type { Phases } from './phases.ts';
import type { Request } from './request.ts';
import { Response } from './response.ts';
import type { Site } from './site.ts';
import type { Subrequests } from './subrequest.ts';
import type { UpstreamSide } from './upstream-side.ts';
import type { VirtualServer } from './virtual-servers.ts';

/** A field behind a body. */
export type Trailer = { readonly name: string; readonly value: string };

/** How often a request may change its URI: by rewrites, redirects within and error pages. */
const URI_CHANGES_MAX = 10;

/** What is known of a request and of its answer; layers above act on it. */
export abstract class RequestState extends Session {
  readonly site: Site;
  listener!: HttpListener;

  // What is asked for, and by whom.

  /** GET, or what else was asked; `error_page` may change it. */
  method = '';
  /** Host of the request in lower case, without port; '' where there is none. */
  host = '';
  /** Path that is served: decoded, as latin1. */
  uri = '';
  /** Behind the question mark, as it came. */
  args = '';
  /** The URI is still what the client has written: it can be passed on as it came. */
  isAsReceived = true;
  readonly #ownFrom = new ClientAddress();
  /** Who sends it; a subrequest is its outer request's client's. */
  from: ClientAddress = this.#ownFrom;
  body: ClientBody = new ClientBody();
  abstract readonly intake: BodyIntake;

  // Where it is answered.

  server!: VirtualServer;
  location!: Location;
  abstract readonly phases: Phases;
  /** It came from an internal redirect. */
  internal = false;
  /** A subrequest: access is not checked again. */
  internalOnly = false;
  uriChanged = false;
  changesLeft: number = URI_CHANGES_MAX;
  /** The path still begins with what its location matched. */
  isLocationValid = true;
  /** The path is below what an `alias` with captures stands for. */
  addsUriToAlias = false;
  /** An error is being answered by another location. */
  errorPageUsed = false;
  errorStatus = 0;

  // What handlers have found out.

  /** What the last regular expression has captured. */
  captures: RegExpExecArray | undefined;
  /** Values of variables, by slot. */
  values: (string | undefined)[] = [];
  /** What it occupies until its end. */
  readonly holds: Hold[] = [];
  /** Everything is logged, whatever the level of the log is. */
  isDebugged = false;
  /** Conditions were looked at by somebody else. */
  conditionsOff = false;

  // The answer.

  readonly out: Response = new Response();
  keepAlive = true;
  headSent = false;
  headBytes = 0;
  /** What chunks cost around the body. */
  framingBytes = 0;
  /** The head that is passed on has these fields itself. */
  hasOwnServer = false;
  hasOwnDate = false;
  /** Of a body that is a file: what is sent, where that is not all of it. */
  parts: readonly BodyPart[] | undefined;
  /** All of the answer has been queued. */
  isComplete = false;
  /** Fields behind a chunked body (RFC 9110 §6.5). */
  trailers: Trailer[] = [];
  /** Adds them when the body is complete. */
  makesTrailers: ((request: Request) => void) | undefined;
  /** What `set $limit_rate` has said; '' where nobody did. */
  rateText = '';
  /** The answer is held back, so that it takes its time. */
  isPaced = false;
  /** A filter of the head has found that the request is to be answered with this status instead. */
  instead = 0;

  // Others that have a part in it.

  isSubrequest = false;
  /** Of a subrequest: its body is of no interest. */
  isHeaderOnly = false;
  /** Set while there are subrequests, or this is one. */
  subrequests: Subrequests | undefined;
  /** Set while a server is to answer. */
  side: UpstreamSide | undefined;
  /** What servers have had to do with a request; ask `runOf`, as it may be an old one's. */
  run: UpstreamRun | undefined;
  /** Counts uses, so that what waited for an old one finds out. */
  use = 0;

  constructor(site: Site) {
    super(site);
    this.site = site;
  }

  /** Another request begins; where it is a subrequest, `subrequests` has been set before. */
  protected reset(): void {
    this.use += 1;
    this.#resetAsked();
    this.#resetAnswer();
    this.intake.reset();
    this.server = this.listener.servers.fallback;
    this.location = this.server.location;
  }

  #resetAsked(): void {
    this.host = '';
    this.uri = '';
    this.args = '';
    this.isAsReceived = true;
    this.from = this.#ownFrom;
    this.from.begin(this.client as ServerConnection);
    this.internal = false;
    this.internalOnly = false;
    this.uriChanged = false;
    this.changesLeft = URI_CHANGES_MAX;
    this.isLocationValid = true;
    this.addsUriToAlias = false;
    this.errorPageUsed = false;
    this.errorStatus = 0;
    this.captures = undefined;
    // As whoever sets the length pays for a call, even if nothing changes.
    if (this.values.length > 0) this.values.length = 0;
    this.conditionsOff = false;
    this.isSubrequest = false;
    this.isHeaderOnly = false;
    this.side = undefined;
  }

  #resetAnswer(): void {
    this.out.reset();
    this.keepAlive = true;
    this.reframes = false;
    this.closesAfter = false;
    this.headSent = false;
    this.headBytes = 0;
    this.framingBytes = 0;
    this.hasOwnServer = false;
    this.hasOwnDate = false;
    this.parts = undefined;
    this.isComplete = false;
    if (this.trailers.length > 0) this.trailers = [];
    this.makesTrailers = undefined;
    this.rateText = '';
    this.isPaced = false;
    this.instead = 0;
  }

  /** Writes to the error log of the location, with what identifies the request. */
  abstract log(level: LogLevel, text: string): void;
}
