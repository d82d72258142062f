import type { ClientConnection } from '../../http/client-connection.ts';
import { HOST } from '../../http/field-names.ts';
import type { HttpError } from '../../http/http-error.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { originForm } from '../../http/request-target.ts';
import { LAST_CHUNK, sendBytes, sendChunk } from '../../http/send-body.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { ProxyError } from '../../proxy/proxy-error.ts';
import { Session } from '../../proxy/session.ts';
import type { ErrorPage } from '../conf/core-conf.ts';
import type { LogLevel } from '../conf/log-conf.ts';
import type { Destination } from '../modules/proxy/destination.ts';
import { ClientBody } from './client-body.ts';
import { answerError } from './error-pages.ts';
import { type BodyPart, type BodySender, FileSender } from './file-sender.ts';
import type { HttpListener } from './listener.ts';
import type { Location } from './location.ts';
import { locationFor, PHASE, Phases } from './phases.ts';
import { Response } from './response.ts';
import { headText } from './response-head.ts';
import type { Site } from './site.ts';
import { normalizedPath } from './uri.ts';
import { AGAIN, PASS, TAKEN, type Verdict, WAIT } from './verdict.ts';
import type { VirtualServer } from './virtual-servers.ts';

/** How often a request may change its URI: by rewrites, redirects within and error pages. */
export const URI_CHANGES_MAX: number = 10;

/** Who talks to a server for a request: the proxy's part of it. */
export interface UpstreamSide {
  /** There is a connection for the current attempt. */
  ready(request: Request, upstream: ClientConnection): void;
  responseHead(request: Request, head: MessageHead): void;
  /** `repeats`: what the engine would do. */
  attemptFailed(request: Request, error: ProxyError, repeats: boolean): void;
  connectFailed(request: Request, error: ProxyError): void;
  noServer(request: Request): void;
}

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
  readonly values: (string | undefined)[] = [];
  readonly out: Response = new Response();
  readonly phases: Phases;
  keepAlive = true;
  headSent = false;
  headBytes = 0;
  /** An error is being answered by another location. */
  errorPageUsed = false;
  errorStatus = 0;
  /** The head that is passed on has these fields itself. */
  hasOwnServer = false;
  hasOwnDate = false;
  /** Of a body that is a file: what is sent, where that is not all of it. */
  parts: readonly BodyPart[] | undefined;
  /** A filter of the head has found that the request is to be answered with this status instead. */
  instead = 0;
  /** Conditions were looked at by somebody else. */
  conditionsOff = false;
  isSubrequest = false;
  /** Set while a server is to answer. */
  side: UpstreamSide | undefined;
  destination: Destination | undefined;
  readonly body: ClientBody = new ClientBody();
  /** The path still begins with what its location matched. */
  isLocationValid = true;
  #sender: BodySender | undefined;
  #bodyRead: (() => void) | undefined;
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
    const { head } = client;
    this.method = head.method;
    if (client.requestHasBody) client.pauseRequest();
    this.#chooseServer(hostName(this.#hostField()));
    const target = originForm(head);
    const query = target.indexOf('?');
    const path = query < 0 ? target : target.slice(0, query);
    this.args = query < 0 ? '' : target.slice(query + 1);
    const marked = head.targetMarked || path.includes('//');
    const uri = marked ? normalizedPath(path, this.server.conf.mergeSlashes) : path;
    if (uri === undefined || !uri.startsWith('/')) {
      this.uri = path;
      this.conclude(400);
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
    this.reframes = false;
    this.closesAfter = false;
    this.errorPageUsed = false;
    this.errorStatus = 0;
    this.hasOwnServer = false;
    this.hasOwnDate = false;
    this.parts = undefined;
    this.instead = 0;
    this.conditionsOff = false;
    this.isSubrequest = false;
    this.side = undefined;
    this.destination = undefined;
    this.isLocationValid = true;
    this.#bodyRead = undefined;
    this.body.reset();
    this.server = this.listener.servers.fallback;
    this.location = this.server.location;
  }

  /** The target's host wins over the field. */
  #hostField(): string {
    const { head } = this.client as ServerConnection;
    const { target } = head;
    const absolute = target.startsWith('/') ? null : /^https?:\/\/([^/?]*)/i.exec(target);
    return absolute?.[1] ?? head.valueOf(HOST) ?? '';
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
        this.out.location = `${this.uri}/${this.args === '' ? '' : `?${this.args}`}`;
        return 301;
      }
    }
    this.location = locationFor(location, this.method);
    return this.#checkBodySize();
  }

  #checkBodySize(): Verdict {
    const { head } = this.client as ServerConnection;
    const { clientMaxBodySize } = this.location.conf;
    if (head.framing !== 'length' || clientMaxBodySize === 0) return PASS;
    if (head.contentLength <= clientMaxBodySize) return PASS;
    this.log('error', `client intended to send too large body: ${head.contentLength} bytes`);
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

  /** For error pages: `status` is answered by what `page` says. */
  errorPage(page: ErrorPage, status: number): Verdict {
    this.errorPageUsed = true;
    const target = this.site.template(page.target)(this);
    if (typeof page.answer === 'number') this.errorStatus = page.answer;
    else if (page.answer === 'target') this.errorStatus = 0;
    if (target.startsWith('@')) return this.redirectTo(target);
    if (target.startsWith('/')) {
      if (this.method !== 'HEAD') this.method = 'GET';
      const query = target.indexOf('?');
      const path = query < 0 ? target : target.slice(0, query);
      return this.redirect(path, query < 0 ? '' : target.slice(query + 1));
    }
    const moved = typeof page.answer === 'number' && page.answer >= 300 ? page.answer : 302;
    this.errorStatus = 0;
    this.out.location = target;
    return answerError(this, isRedirect(moved) ? moved : status);
  }

  /** No handler wanted the request. */
  nothingFound(): Verdict {
    if (!this.uri.endsWith('/')) return 404;
    this.log('error', `directory index of "${this.uri}" is forbidden`);
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
    if (status === 444 || status === 499) {
      this.closeConnection();
      return TAKEN;
    }
    const verdict = answerError(this, status);
    return verdict < 200 ? verdict : answerError(this, verdict);
  }

  /** Ends the connection without a word. */
  closeConnection(): void {
    const client = this.client as ServerConnection;
    this.status = 444;
    this.finish();
    client.destroy();
  }

  /** What the client still sends of this request is not wanted. */
  discardBody(): void {}

  /** Writes the head, through the filters of the location. `false`: the answer is another one. */
  writeHead(): boolean {
    if (this.headSent) return true;
    const client = this.client as ServerConnection;
    const { out } = this;
    if (this.errorStatus !== 0) {
      out.status = this.errorStatus;
      out.statusText = '';
    }
    const { headerFilters } = this.location;
    for (let i = 0; i < headerFilters.length; i += 1) headerFilters[i]?.(this);
    if (this.instead !== 0) {
      this.#answerInstead();
      return false;
    }
    const bodiless = this.headerOnly;
    const old = client.head.minorVersion === 0;
    const unknown = out.contentLength < 0 && !bodiless;
    this.reframes = unknown && !old && this.location.conf.chunkedTransferEncoding;
    this.closesAfter = !this.#persists(client) || (unknown && !this.reframes);
    this.headSent = true;
    this.responseStarted = true;
    this.status = out.status;
    const text = headText(this);
    this.headBytes = text.length;
    client.send(text);
    return true;
  }

  #answerInstead(): void {
    const status = this.instead;
    this.instead = 0;
    this.conditionsOff = true;
    if (this.conclude(status) === AGAIN) this.phases.run();
  }

  /** Is the head all that the client gets? */
  get headerOnly(): boolean {
    const { status } = this.out;
    return this.method === 'HEAD' || status === 204 || status === 304;
  }

  #persists(client: ServerConnection): boolean {
    const { conf } = this.location;
    if (!this.keepAlive || conf.keepaliveTimeout === 0) return false;
    return client.persistent && client.requests < conf.keepaliveRequests;
  }

  /** A piece of the body, latin1. */
  writeText(text: string): void {
    if (text === '' || this.headerOnly) return;
    const client = this.client as ServerConnection;
    this.bodyBytes += text.length;
    if (this.reframes) client.send(`${text.length.toString(16)}\r\n${text}\r\n`);
    else client.send(text);
  }

  /** A piece of the body; the bytes are the connection's from now on. `false`: it takes no more. */
  writeBytes(bytes: Uint8Array): boolean {
    if (bytes.length === 0 || this.headerOnly) return true;
    const { outbox } = this.client as ServerConnection;
    this.bodyBytes += bytes.length;
    const send = this.reframes ? sendChunk : sendBytes;
    return send(outbox, bytes, 0, bytes.length, true);
  }

  /** Sends parts of an open file, which is closed at the end; then the answer is complete. */
  sendFile(descriptor: number, parts: readonly BodyPart[]): void {
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
    const client = this.client as ServerConnection;
    if (this.reframes) client.send(LAST_CHUNK);
    const reuse = !this.closesAfter;
    this.finish();
    client.endResponse(reuse);
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
    this.#bodyRead = then;
    (this.client as ServerConnection).resumeRequest();
  }

  override requestBody(data: Uint8Array, from: number, to: number, owned: boolean): void {
    if (this.#bodyRead === undefined) super.requestBody(data, from, to, owned);
    else this.body.add(data, from, to);
  }

  override requestEnd(): void {
    const then = this.#bodyRead;
    if (then === undefined) {
      super.requestEnd();
      return;
    }
    this.requestEnded = true;
    this.body.isWhole = true;
    this.#bodyRead = undefined;
    then();
  }

  // A server is to answer: what happens is its side's affair.

  override ready(upstream: ClientConnection): void {
    (this.side as UpstreamSide).ready(this, upstream);
  }

  /** The exchange goes on over this connection. */
  attachUpstream(upstream: ClientConnection): void {
    this.attach(upstream);
  }

  sendUp(text: string): void {
    this.sendHead(text, !this.body.isWhole);
  }

  override responseHead(head: MessageHead): void {
    (this.side as UpstreamSide).responseHead(this, head);
  }

  protected override attemptFailed(error: ProxyError, repeats: boolean): void {
    (this.side as UpstreamSide).attemptFailed(this, error, repeats);
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

  /** A message was refused before it was a request; its connection has answered. */
  refused(connection: ServerConnection, error: HttpError): void {
    this.client = connection;
    this.#reset();
    this.status = error.status;
    this.method = '';
    this.finish();
  }

  override finish(): void {
    this.#sender?.stop();
    this.#sender = undefined;
    const { loggers } = this.location;
    for (let i = 0; i < loggers.length; i += 1) loggers[i]?.(this);
    super.finish();
  }

  /** Writes to the error log of the location, with what identifies the request. */
  log(level: LogLevel, text: string): void {
    this.site.logRequest(this, level, text);
  }
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** Without its port and the root's dot, in lower case. */
function hostName(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  const name = end > 0 ? host.slice(0, end) : host;
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  return bare.toLowerCase();
}
