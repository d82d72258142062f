import { NO_SOCKET, type SocketId } from '../../core/operation.ts';
import type { Level } from '../../core/outbox/water-marks.ts';
import type { ClientConnection } from '../../http/client-connection.ts';
import type { ClientFailure } from '../../http/client-options.ts';
import { USER_AGENT } from '../../http/field-names.ts';
import type { HttpError } from '../../http/http-error.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../../http/send-body.ts';
import { interimHead } from '../../http/serializer.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { ProxyError } from '../../proxy/proxy-error.ts';
import { Session } from '../../proxy/session.ts';
import type { LogLevel } from '../conf/log-conf.ts';
import type { UpstreamRun } from '../modules/proxy/upstream-run.ts';
import { BodyChain } from './body-chain.ts';
import type { BodyFilter, BodyNext } from './body-filter.ts';
import { BodyIntake } from './body-intake.ts';
import { ClientAddress } from './client-address.ts';
import { ClientBody } from './client-body.ts';
import { hostField } from './client-host.ts';
import { timesOf } from './connection-times.ts';
import { logBegin, logLocation } from './debug-lines.ts';
import { answerError } from './error-pages.ts';
import { FileReader } from './file-reader.ts';
import { type BodyPart, type BodySender, FileSender } from './file-sender.ts';
import { type Hold, releaseAll } from './hold.ts';
import { hostName } from './host-name.ts';
import type { HttpListener } from './listener.ts';
import type { Location } from './location.ts';
import { locationFor, PHASE, Phases } from './phases.ts';
import { concludeRefusal, logDropped } from './refusals.ts';
import { RequestDelay } from './request-delay.ts';
import { requestPath } from './request-path.ts';
import { Response } from './response.ts';
import { headText } from './response-head.ts';
import type { Site } from './site.ts';
import { enterSubrequest, type Subrequests } from './subrequest.ts';
import type { UpstreamSide } from './upstream-side.ts';
import { escapeUri } from './uri.ts';
import { losesRequests } from './user-agent.ts';
import { AGAIN, PASS, TAKEN, type Verdict, WAIT } from './verdict.ts';
import type { VirtualServer } from './virtual-servers.ts';

/** A field behind a body. */
export type Trailer = { readonly name: string; readonly value: string };

/** Bytes of both line ends of a chunk. */
const CHUNK_LINE_ENDS = 4;

/** How often a request may change its URI: by rewrites, redirects within and error pages. */
export const URI_CHANGES_MAX: number = 10;

/** One request on its way through the phases of its server. Used again for the next one. */
export class Request extends Session {
  readonly site: Site;
  listener!: HttpListener;
  server!: VirtualServer;
  location!: Location;
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
  /** It came from an internal redirect. */
  internal = false;
  /** A subrequest: access is not checked again. */
  internalOnly = false;
  uriChanged = false;
  changesLeft: number = URI_CHANGES_MAX;
  /** What the last regular expression has captured. */
  captures: RegExpExecArray | undefined;
  /** Values of variables, by slot. */
  values: (string | undefined)[] = [];
  readonly out: Response = new Response();
  readonly #ownFrom = new ClientAddress();
  /** Who sends it; a subrequest is its outer request's client's. */
  from: ClientAddress = this.#ownFrom;
  readonly delay: RequestDelay = new RequestDelay(this);
  /** What it occupies until its end. */
  readonly holds: Hold[] = [];
  readonly phases: Phases;
  /** Everything is logged, whatever the level of the log is. */
  isDebugged = false;
  keepAlive = true;
  headSent = false;
  headBytes = 0;
  /** What chunks cost around the body. */
  framingBytes = 0;
  /** An error is being answered by another location. */
  errorPageUsed = false;
  errorStatus = 0;
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
  /** Conditions were looked at by somebody else. */
  conditionsOff = false;
  isSubrequest = false;
  /** Of a subrequest: its body is of no interest. */
  isHeaderOnly = false;
  /** Set while there are subrequests, or this is one. */
  subrequests: Subrequests | undefined;
  /** Set while a server is to answer. */
  side: UpstreamSide | undefined;
  /** What servers have had to do with a request; ask `runOf`, as it may be an old one's. */
  run: UpstreamRun | undefined;
  body: ClientBody = new ClientBody();
  /** The path still begins with what its location matched. */
  isLocationValid = true;
  /** The path is below what an `alias` with captures stands for. */
  addsUriToAlias = false;
  #sender: BodySender | undefined;
  /** What the body goes through, where that is more than the connection. */
  #chain: BodyChain | undefined;
  /** A head that goes out with the first of its body. */
  #heldHead = '';
  /** The answer is complete; subrequests that nobody waits for are not. */
  #awaitsBackground = false;
  readonly intake: BodyIntake = new BodyIntake(this);
  /** Why the message is none. */
  #refusal: HttpError | undefined;
  /** Counts uses, so that what waited for an old one finds out. */
  use = 0;

  constructor(site: Site) {
    super(site);
    this.site = site;
    this.phases = new Phases(this);
  }

  protected override start(): void {
    const client = this.client as ServerConnection;
    this.#reset();
    if (this.subrequests !== undefined) {
      enterSubrequest(this);
      return;
    }
    const { head } = client;
    this.method = head.method;
    if (this.#refusal !== undefined) {
      const refusal = this.#refusal;
      this.#refusal = undefined;
      concludeRefusal(this, refusal);
      return;
    }
    this.#chooseServer(hostName(hostField(head)));
    if (head.hasDropped) logDropped(this);
    this.isDebugged = this.site.debugs(client);
    if (this.isDebugged || this.location.takesDebug) logBegin(this);
    if (client.requestHasBody) client.holdBody();
    else this.#enter();
  }

  /** What came with the head is kept: from here on, the body can be read at any time. */
  bodyHeld(): void {
    this.#enter();
  }

  #enter(): void {
    const client = this.client as ServerConnection;
    const { head } = client;
    if (this.method === 'TRACE' || (this.method === 'CONNECT' && !this.server.takesConnect)) {
      this.log('info', `client sent ${this.method} method`);
      this.keepAlive = false;
      this.concludeLater(405);
      return;
    }
    const { uri, path, args } = requestPath(head, this.server.conf.mergeSlashes);
    this.args = args;
    if (uri === undefined) {
      this.uri = path;
      this.log('info', 'client sent invalid request while reading client request line');
      this.concludeLater(400);
      return;
    }
    this.uri = uri;
    this.phases.enter(PHASE.postRead);
    this.phases.run();
    // Who waits without wanting the body must still notice that the client has gone.
    if (this.client !== undefined && client.paused) client.watchRequest();
  }

  #reset(): void {
    this.out.reset();
    this.host = '';
    this.uri = '';
    this.args = '';
    this.from = this.#ownFrom;
    this.from.begin(this.client as ServerConnection);
    this.use += 1;
    this.values.length = 0;
    this.captures = undefined;
    this.internal = false;
    this.internalOnly = false;
    this.isAsReceived = true;
    this.uriChanged = false;
    this.changesLeft = URI_CHANGES_MAX;
    this.keepAlive = true;
    this.headSent = false;
    this.headBytes = 0;
    this.framingBytes = 0;
    this.reframes = false;
    this.closesAfter = false;
    this.errorPageUsed = false;
    this.errorStatus = 0;
    this.hasOwnServer = false;
    this.hasOwnDate = false;
    this.parts = undefined;
    this.isComplete = false;
    if (this.trailers.length > 0) this.trailers = [];
    this.makesTrailers = undefined;
    this.rateText = '';
    this.isPaced = false;
    this.instead = 0;
    this.conditionsOff = false;
    this.isSubrequest = false;
    this.isHeaderOnly = false;
    this.#awaitsBackground = false;
    this.#heldHead = '';
    this.side = undefined;
    this.isLocationValid = true;
    this.addsUriToAlias = false;
    this.intake.reset();
    this.server = this.listener.servers.fallback;
    this.location = this.server.location;
  }

  #chooseServer(host: string): void {
    this.host = host;
    const { servers } = this.listener;
    const match = servers.match(host);
    this.server = match?.server ?? servers.fallback;
    if (match?.captures !== undefined) this.captured(match.captures);
    this.location = this.server.location;
  }

  /** Keeps what a regular expression has captured, by number and by name. */
  captured(captures: RegExpExecArray): void {
    this.captures = captures;
    const { groups } = captures;
    if (groups === undefined) return;
    const { captureSlots } = this.site.variables;
    for (const name of Object.keys(groups)) {
      const slot = captureSlots.get(name);
      if (slot !== undefined) this.values[slot] = groups[name];
    }
  }

  /** For the phases: the location that the URI belongs to. */
  findLocation(): Verdict {
    this.isLocationValid = true;
    const { tree } = this.server.location;
    const found = tree.find(this.uri, (captures) => {
      this.captured(captures);
    });
    const location = found ?? this.server.location;
    if (location.conf.internal && !this.internal) return 404;
    if (!location.autoRedirect || location.conf.match === 'regex') {
      const slashed = tree.withSlash(this.uri);
      if (slashed !== undefined && found?.conf.match !== 'exact') {
        this.location = slashed;
        this.out.location = `${escapeUri(this.uri)}/${this.args === '' ? '' : `?${this.args}`}`;
        return 301;
      }
    }
    this.location = locationFor(location, this.method);
    this.useTimes();
    if (this.isDebugged || this.location.takesDebug) logLocation(this);
    return this.#checkBodySize();
  }

  /** The connection waits as the location says. */
  useTimes(): void {
    const { location } = this;
    if (this.isSubrequest) return;
    location.times ??= timesOf(location.conf, this.listener.shared.timeouts.headMs);
    const client = this.client as ServerConnection;
    client.timeouts = location.times;
    client.lingersAlways = location.conf.lingeringClose === 'always';
  }

  #checkBodySize(): Verdict {
    const { head } = this.client as ServerConnection;
    const { clientMaxBodySize } = this.location.conf;
    if (head.framing !== 'length' || clientMaxBodySize === 0 || this.intake.taken) return PASS;
    if (head.contentLength <= clientMaxBodySize) return PASS;
    this.log('error', `client intended to send too large body: ${head.contentLength} bytes`);
    this.discardBody(false);
    return 413;
  }

  /** One change of the URI more. `false`: too many. */
  countChange(): boolean {
    if (this.changesLeft === 0) {
      this.log('error', `rewrite or internal redirection cycle while processing "${this.uri}"`);
      return false;
    }
    this.changesLeft -= 1;
    return true;
  }

  /** Sends the request to another location, which answers instead of this one. */
  redirect(uri: string, args: string): Verdict {
    if (!this.countChange()) return 500;
    this.uri = uri;
    this.args = args;
    this.addsUriToAlias = false;
    this.isAsReceived = false;
    this.internal = true;
    this.location = this.server.location;
    this.phases.enter(PHASE.serverRewrite);
    return AGAIN;
  }

  /** The same for a location by name: the URI stays. */
  redirectTo(name: string): Verdict {
    if (!this.countChange()) return 500;
    const location = this.server.location.tree.named(name);
    if (location === undefined) {
      this.log('error', `could not find named location "${name}"`);
      return 500;
    }
    this.internal = true;
    this.location = location;
    this.phases.enter(PHASE.rewrite);
    return AGAIN;
  }

  /** No handler wanted the request. */
  nothingFound(): Verdict {
    if (!this.uri.endsWith('/')) return 404;
    const path = this.location.filePath?.(this);
    if (path !== undefined) this.log('error', `directory index of "${path}" is forbidden`);
    return 403;
  }

  /** For handlers that waited: what became of it. `use` is the request's when it began to wait. */
  resume(use: number, verdict: Verdict): void {
    if (use !== this.use || this.client === undefined) return;
    this.phases.resume(verdict);
  }

  /** For the phases: a handler has said how the request ends. */
  conclude(status: Verdict): Verdict {
    if (status === PASS || status === WAIT) return TAKEN;
    if (status === 444 || status === 499 || status === 408) {
      this.closeConnection(status);
      return TAKEN;
    }
    const stub = this.subrequests?.options?.stub;
    if (stub !== undefined && !this.headSent) return this.reply(200, 'text/html', stub);
    const verdict = answerError(this, status);
    return verdict < 200 ? verdict : answerError(this, verdict);
  }

  /** Ends the connection without a word. */
  closeConnection(status: number): void {
    const client = this.client as ServerConnection;
    if (!this.headSent) this.status = status;
    this.finish();
    client.closeSilently(this.location.conf.resetTimedoutConnection);
  }

  /**
   * What the client still sends of this request is not wanted. `asks`: a client that waits with it is
   * told to go on, so that it is clear what comes next. Returns what is wrong with what has come.
   */
  discardBody(asks: boolean): HttpError | undefined {
    const client = this.client as ServerConnection;
    if (this.isSubrequest || !client.requestHasBody) return undefined;
    return this.intake.discard(asks);
  }

  /** Writes the head, through the filters of the location. `false`: the answer is another one. */
  writeHead(): boolean {
    if (this.headSent) return true;
    const client = this.client as ServerConnection;
    if (client.requestHasBody && this.discardBody(true) !== undefined) this.instead = 400;
    const { out } = this;
    if (this.errorStatus !== 0) {
      out.status = this.errorStatus;
      out.statusText = '';
    }
    const { headerFilters } = this.location;
    for (let i = 0; i < headerFilters.length && this.instead === 0; i += 1)
      headerFilters[i]?.(this);
    if (this.instead !== 0) {
      this.#answerInstead();
      return false;
    }
    if (this.#chain !== undefined || this.isSubrequest) this.#finishChain();
    if (this.isSubrequest) return this.#headDone();
    const bodiless = this.headerOnly;
    const old = client.head.minorVersion === 0;
    if (this.#mayHaveTrailers(client) && !bodiless) out.contentLength = -1;
    const unknown = out.contentLength < 0 && !bodiless;
    this.reframes = unknown && !old && this.location.conf.chunkedTransferEncoding;
    this.closesAfter = !this.#persists(client) || (unknown && !this.reframes);
    if (client.head.simple) return this.#beginSimple();
    this.headSent = true;
    this.responseStarted = true;
    this.status = out.status;
    const text = headText(this);
    this.headBytes = text.length;
    if (this.#chain === undefined) client.send(text);
    else this.#heldHead = text;
    return true;
  }

  #mayHaveTrailers({ head }: ServerConnection): boolean {
    if (this.makesTrailers === undefined || head.minorVersion === 0) return false;
    return this.location.conf.chunkedTransferEncoding;
  }

  /** An answer of HTTP/0.9 is its body. */
  #beginSimple(): true {
    this.headSent = true;
    this.responseStarted = true;
    this.closesAfter = true;
    this.status = this.out.status;
    return true;
  }

  #answerInstead(): void {
    const status = this.instead;
    this.instead = 0;
    // What a server still says is not the answer any more.
    if (this.upstream !== undefined) this.dropUpstream();
    this.#chain?.stop();
    this.#chain = undefined;
    this.conditionsOff = true;
    if (this.conclude(status) === AGAIN) this.phases.run();
  }

  /** Bytes that the client has sent for it so far. */
  get requestBytes(): number {
    const { head } = this.client as ServerConnection;
    return head.rawBytes + this.intake.come;
  }

  /** Is the head all that the client gets? */
  get headerOnly(): boolean {
    const { status } = this.out;
    return this.method === 'HEAD' || status === 204 || status === 304 || this.isHeaderOnly;
  }

  #persists(client: ServerConnection): boolean {
    const { conf } = this.location;
    if (!this.keepAlive || conf.keepaliveTimeout === 0) return false;
    const ageMs = this.site.port.loop.turnMs - client.openedMs;
    if (ageMs > conf.keepaliveTime || this.#isDisabled(client.head)) return false;
    return client.persistent && client.requests < conf.keepaliveRequests;
  }

  /** Old browsers that lose what comes after a POST on the same connection. */
  #isDisabled(head: MessageHead): boolean {
    const index = head.indexOf(USER_AGENT);
    if (index < 0) return false;
    return losesRequests(head.fieldValue(index), this.method, this.location.conf.keepaliveDisable);
  }

  /** A piece of the body goes out: how many bytes stand around it? */
  countFraming(bytes: number): void {
    if (this.reframes) this.framingBytes += bytes.toString(16).length + CHUNK_LINE_ENDS;
  }

  /** A piece of the body, latin1. */
  writeText(text: string): void {
    if (text === '' || this.headerOnly) return;
    if (this.#chain !== undefined) {
      this.#chain.write(text);
      return;
    }
    const client = this.client as ServerConnection;
    this.bodyBytes += text.length;
    this.countFraming(text.length);
    if (this.reframes) client.send(`${text.length.toString(16)}\r\n${text}\r\n`);
    else client.send(text);
  }

  /** A piece of the body; the bytes are the connection's from now on. `false`: it takes no more. */
  writeBytes(bytes: Uint8Array): boolean {
    if (bytes.length === 0 || this.headerOnly) return true;
    if (this.#chain !== undefined) {
      this.#chain.write(bytes);
      return true;
    }
    const { outbox } = this.client as ServerConnection;
    this.bodyBytes += bytes.length;
    this.countFraming(bytes.length);
    const send = this.reframes ? sendChunk : sendBytes;
    return send(outbox, bytes, 0, bytes.length, true);
  }

  /** Sends parts of an open file, which is closed at the end; then the answer is complete. */
  sendFile(descriptor: number, parts: readonly BodyPart[]): void {
    if (this.#chain !== undefined) {
      this.#sender = new FileReader(this, descriptor, parts);
      this.#sender.drained();
      return;
    }
    this.#sender = new FileSender(this, descriptor, parts);
    const { outbox } = this.client as ServerConnection;
    if (outbox.queuedBytes === 0) this.#sender.drained();
  }

  override responseDrained(): void {
    if (this.#sender === undefined) super.responseDrained();
    else this.#sender.drained();
  }

  /** The answer is complete. */
  end(): void {
    this.endResponse();
  }

  override endResponse(): void {
    if (this.client === undefined) return; // It was cut while its last piece was on its way.
    if (this.#chain === undefined) this.completed();
    else this.#chain.end();
  }

  /** All of the answer is queued. */
  completed(): void {
    const client = this.client as ServerConnection;
    this.isComplete = true;
    this.sendHeldHead();
    if (this.reframes) this.makesTrailers?.(this);
    if (this.reframes) this.#endChunks(client);
    if (this.subrequests?.hasBackground) this.#awaitsBackground = true;
    else this.#leaveClient();
  }

  #leaveClient(): void {
    const client = this.client as ServerConnection;
    const reuse = !this.closesAfter;
    this.finish();
    client.endResponse(reuse);
  }

  #endChunks(client: ServerConnection): void {
    const last = this.trailers.length === 0 ? LAST_CHUNK : this.#lastChunk();
    this.framingBytes += last.length;
    client.send(last);
  }

  #lastChunk(): string {
    const lines = this.trailers.map(({ name, value }) => `${name}: ${value}\r\n`);
    return `0\r\n${lines.join('')}\r\n`;
  }

  // Bodies that are looked at, or go elsewhere than to the client.

  /**
   * For filters of the head: the body goes through this one, behind those that were added before.
   * Whoever changes its length says so (`Response.bodyChanges`).
   */
  filterBody(make: (next: BodyNext) => BodyFilter): void {
    if (this.headerOnly) return;
    this.#chain ??= new BodyChain(this);
    this.#chain.add(make);
  }

  /** Heads of subrequests are not sent. */
  #headDone(): true {
    this.headSent = true;
    this.responseStarted = true;
    this.status = this.out.status;
    return true;
  }

  #finishChain(): void {
    this.#chain ??= new BodyChain(this);
    const tail = this.subrequests?.options?.tail;
    this.#chain.finish(tail);
  }

  override responseLevel(level: 'open' | 'high'): void {
    if (this.#chain === undefined) super.responseLevel(level);
    else this.#chain.level(level);
  }

  override responseBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    if (this.#chain === undefined) {
      this.countFraming(to - from);
      super.responseBody(data, from, to, owned);
    } else if (!this.headerOnly) this.#chain.write(data.subarray(from, to));
  }

  override moveTo(): SocketId {
    return this.#chain === undefined ? super.moveTo() : NO_SOCKET;
  }

  /** For the end of the chain: before anything of the body, or where there is none. */
  sendHeldHead(): void {
    if (this.#heldHead === '') return;
    this.client?.send(this.#heldHead);
    this.#heldHead = '';
  }

  /** Is the body to wait? */
  get isBodyHeld(): boolean {
    return this.#chain?.isHeld === true;
  }

  /** For filters: no more of the body until `releaseFor`; `why` is one of `HOLD`. */
  holdFor(why: number): void {
    this.#chain?.hold(why);
  }

  releaseFor(why: number): void {
    this.#chain?.release(why);
  }

  holdBody(): void {
    this.upstream?.pauseResponse();
  }

  releaseBody(): void {
    this.upstream?.resumeResponse();
    this.#sender?.drained();
  }

  /** A subrequest has ended that only the end of the request waits for. */
  backgroundEnded(): void {
    if (!this.#awaitsBackground || this.client === undefined) return;
    if (this.subrequests?.hasBackground !== true) this.#leaveClient();
  }

  /** The type of a file by its extension, as the location says. */
  typeOf(path: string): string {
    const { types, defaultType } = this.location.conf;
    const dot = path.lastIndexOf('.');
    if (dot < 0 || dot < path.lastIndexOf('/')) return defaultType;
    return types.get(path.slice(dot + 1).toLowerCase()) ?? defaultType;
  }

  /** Reads the whole body of the request first; `then` runs when it is there. */
  readBody(then: () => void): void {
    this.intake.read(then);
  }

  override requestBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    this.intake.count(to - from);
    if (this.intake.isReading) this.intake.keep(data, from, to);
    else if (!this.side?.bodyPassed(this, data, from, to)) {
      super.requestBody(data, from, to, owned);
    }
  }

  override requestEnd(): void {
    if (this.intake.isReading) {
      this.requestEnded = true;
      this.intake.ended();
      return;
    }
    this.side?.bodyEnds(this);
    super.requestEnd();
  }

  // A server is to answer: what happens is its side's affair.

  override ready(upstream: ClientConnection): void {
    (this.side as UpstreamSide).ready(this, upstream);
  }

  /** The exchange goes on over this connection. */
  attachUpstream(upstream: ClientConnection): void {
    this.attach(upstream);
    if (this.isSubrequest) upstream.bodiless = this.method === 'HEAD';
  }

  /** `streams`: the body follows as it comes. */
  sendUp(text: string, streams: boolean): void {
    if (streams) this.intake.taken = true;
    this.sendHead(text, streams);
  }

  /** The body that was kept cannot be read. */
  bodyBroke(): void {
    this.log('crit', 'the body of the request cannot be read from its temporary file');
    this.dropUpstream();
    this.concludeLater(500);
  }

  /** A body that was read is sent on at the server's pace. */
  override requestLevel(level: Level): void {
    if (!this.body.isWhole) super.requestLevel(level);
    else if (level === 'open' && this.upstream !== undefined) this.body.feed(this.upstream);
  }

  /** A connection that has not been given the whole request is of no further use. */
  protected override giveBack(): void {
    const { requestEnded } = this;
    if (this.body.isWhole && !this.body.isSent) this.requestEnded = false;
    super.giveBack();
    this.requestEnded = requestEnded;
  }

  override responseHead(head: MessageHead): void {
    (this.side as UpstreamSide).responseHead(this, head);
  }

  override attempting(): void {
    (this.side as UpstreamSide).attempting(this);
  }

  override responseFailed(failure: ClientFailure): void {
    (this.side as UpstreamSide).responseFailed(this, failure);
  }

  override responseEnd(): void {
    (this.side as UpstreamSide).responseEnd(this);
    super.responseEnd();
  }

  /** The rest of the answer will not come: the client sees where it ends, if it can tell at all. */
  cutShort(): void {
    const client = this.client as ServerConnection;
    if (this.isSubrequest || (!this.reframes && this.out.contentLength < 0)) {
      this.cut();
      return;
    }
    this.sendHeldHead();
    this.#chain?.stop();
    this.finish();
    client.endResponse(false);
  }

  override connectFailed(error: ProxyError): void {
    (this.side as UpstreamSide).connectFailed(this, error);
  }

  override noServer(): void {
    (this.side as UpstreamSide).noServer(this);
  }

  override answer(error: ProxyError | HttpError): void {
    this.concludeLater(error.status);
  }

  /** The server's answer is not wanted any more. */
  dropUpstream(): void {
    this.upstream?.destroy();
    this.upstream = undefined;
    this.attempts.leave();
  }

  /** Outside of the phases: the request ends with this status. */
  concludeLater(status: number): void {
    if (this.conclude(status) === AGAIN) this.phases.run();
  }

  /** A whole answer with a text. */
  reply(status: number, contentType: string, text: string): Verdict {
    const { out } = this;
    out.status = status;
    out.contentType = contentType;
    out.contentLength = text.length;
    if (!this.writeHead()) return TAKEN;
    this.writeText(text);
    this.end();
    return TAKEN;
  }

  /** A message was refused before it was a request. */
  beginRefused(connection: ServerConnection, error: HttpError): void {
    this.#refusal = error;
    this.begin(connection);
  }

  /** The client broke HTTP within its body. */
  requestRefused(error: HttpError): boolean {
    if (this.headSent) return false;
    this.dropUpstream();
    this.attempts.cancel();
    this.intake.stopReading();
    concludeRefusal(this, error);
    return true;
  }

  /** The client is gone: a status that it has been told stays. */
  override requestFailed(error: HttpError | undefined): void {
    this.error = error;
    // A body that breaks off while it is read makes a bad request.
    const status = this.intake.isReading ? 400 : 499;
    if (!this.headSent) this.status = error?.status ?? status;
    if (this.side?.clientGone(this)) return;
    this.upstream?.destroy();
    this.upstream = undefined;
    this.attempts.cancel();
    this.finish();
  }

  /** A 103 of the server's, where the location wants it passed on. */
  override earlyHints(head: MessageHead): void {
    const { client, site } = this;
    const { earlyHints } = this.location.conf;
    if (earlyHints.length === 0 || client === undefined || this.isSubrequest) return;
    if (client.head.minorVersion === 0 || this.headSent) return;
    const values = earlyHints.map((template) => site.template(template)(this));
    if (values.some((value) => value !== '' && value !== '0'))
      client.sendInterim(interimHead(head));
  }

  /** As nginx sees it: who sends no more has left, while others work for it. */
  clientEnded(): boolean {
    if (this.isPaced) return true;
    if (this.delay.isWaiting || this.subrequests?.clientEnded() === true) return true;
    return this.attempts.server >= 0 && !this.location.conf.proxyIgnoreClientAbort;
  }

  override finish(): void {
    this.#sender?.stop();
    this.#sender = undefined;
    this.#chain?.stop();
    this.#chain = undefined;
    this.subrequests?.stop();
    this.side?.finished(this);
    this.delay.cancel();
    if (this.holds.length > 0) releaseAll(this.holds);
    const { loggers, conf } = this.location;
    const isLogged = !this.isSubrequest || conf.logSubrequest;
    for (let i = 0; isLogged && i < loggers.length; i += 1) loggers[i]?.(this);
    if (!this.isSubrequest) this.subrequests = undefined;
    this.body.reset();
    super.finish();
  }

  /** Writes to the error log of the location, with what identifies the request. */
  log(level: LogLevel, text: string): void {
    this.site.logRequest(this, level, text);
  }
}
