import type { ServerConnection } from '../../http/server-connection.ts';
import { type BodyNext, type Piece, pieceText } from './body-filter.ts';
import { PHASE } from './phases.ts';
import type { Request } from './request.ts';

/** How deep subrequests may have subrequests. */
const SUBREQUEST_DEPTH_MAX = 50;
/** Subrequests of one request, theirs included. */
export const SUBREQUESTS_MAX: number = 1000;

/** A request within a request. */
export type SubrequestOptions = {
  /** A decoded path. */
  readonly uri: string;
  readonly args: string;
  /** GET unless it says otherwise. */
  readonly method?: string;
  /** Its body is of no interest: files are not even read. */
  readonly headerOnly?: boolean;
  /** It gets the body of the client's request, which is whole by now. */
  readonly passesBody?: boolean;
  /** Its body is part of the answer: without the one, the other is not complete. */
  readonly isIncluded?: boolean;
  /** The answer does not wait for it; the end of the request does. */
  readonly background?: boolean;
  /** Stands in for an answer that is an error or empty. */
  readonly stub?: string;
  /** Where its body goes. */
  readonly tail: BodyNext;
  /** It is over, by whatever status it has. Not when its request ended first. */
  readonly ended?: (subrequest: Request) => void;
};

/** What a request knows of its subrequests, and a subrequest of its own place. Made with the first. */
export class Subrequests {
  readonly main: Request;
  readonly parent: Request | undefined;
  readonly options: SubrequestOptions | undefined;
  readonly depth: number;
  /** Of the main request: how many more there may be. */
  left: number = SUBREQUESTS_MAX;
  readonly #running = new Set<Request>();
  #background = 0;

  constructor(
    main: Request,
    parent: Request | undefined,
    options: SubrequestOptions | undefined,
    depth: number,
  ) {
    this.main = main;
    this.parent = parent;
    this.options = options;
    this.depth = depth;
  }

  add(subrequest: Request, isBackground: boolean): void {
    this.#running.add(subrequest);
    if (isBackground) this.#background += 1;
  }

  remove(subrequest: Request, isBackground: boolean): void {
    if (this.#running.delete(subrequest) && isBackground) this.#background -= 1;
  }

  /** Is something under way that the end of the request waits for? */
  get hasBackground(): boolean {
    return this.#background > 0;
  }

  /** The client sends no more: would one of those that the answer waits for end by that? */
  clientEnded(): boolean {
    for (const subrequest of this.#running) {
      const { options } = subrequest.subrequests as Subrequests;
      if (options?.background !== true && subrequest.clientEnded()) return true;
    }
    return false;
  }

  /** The request is over before they are. */
  stop(): void {
    const running = [...this.#running];
    this.#running.clear();
    this.#background = 0;
    for (const subrequest of running) {
      // One of them may have finished just now, and be why all this ends.
      if (subrequest.client === undefined) continue;
      subrequest.requestFailed(undefined);
      giveBack(subrequest);
    }
  }
}

/** What a request uses of its client's connection. */
type RequestClient = Pick<
  ServerConnection,
  | 'head'
  | 'outbox'
  | 'address'
  | 'localAddress'
  | 'port'
  | 'number'
  | 'requests'
  | 'persistent'
  | 'requestHasBody'
  | 'paused'
  | 'send'
  | 'sendInterim'
  | 'pauseRequest'
  | 'watchRequest'
  | 'resumeRequest'
  | 'endResponse'
  | 'abort'
  | 'closeSilently'
>;

/** Stands where a request has its client: what is asked of the client is the main request's. */
class SubrequestClient implements RequestClient {
  readonly #subrequest: Request;
  readonly #client: ServerConnection;
  readonly persistent = true;
  readonly requestHasBody = false;
  readonly paused = false;

  constructor(subrequest: Request, client: ServerConnection) {
    this.#subrequest = subrequest;
    this.#client = client;
  }

  get head(): ServerConnection['head'] {
    return this.#client.head;
  }

  get outbox(): ServerConnection['outbox'] {
    return this.#client.outbox;
  }

  get address(): string {
    return this.#client.address;
  }

  get localAddress(): string {
    return this.#client.localAddress;
  }

  get port(): number {
    return this.#client.port;
  }

  get number(): number {
    return this.#client.number;
  }

  get requests(): number {
    return this.#client.requests;
  }

  // Heads of subrequests go nowhere, and their requests have come.
  send(): void {}
  sendInterim(): void {}
  pauseRequest(): void {}
  watchRequest(): void {}
  resumeRequest(): void {}

  endResponse(): void {
    endSubrequest(this.#subrequest, asConnection(this));
  }

  /** Part of it is missing: so it is in the answer that it is part of. */
  abort(): void {
    const { options, main } = placeOf(this.#subrequest);
    if (!options?.isIncluded) endSubrequest(this.#subrequest, asConnection(this));
    else if (main.client !== undefined) main.cutShort();
  }

  closeSilently(): void {
    const { main } = placeOf(this.#subrequest);
    if (main.client !== undefined) main.closeConnection(this.#subrequest.status);
  }
}

/** It has all that a request uses of a connection, and nothing else is asked of it. */
function asConnection(client: SubrequestClient): ServerConnection {
  return client as unknown as ServerConnection;
}

function placeOf({ subrequests }: Request): Subrequests {
  return subrequests as Subrequests;
}

function endSubrequest(subrequest: Request, client: ServerConnection): void {
  const { parent, options } = placeOf(subrequest);
  const background = options?.background === true;
  parent?.subrequests?.remove(subrequest, background);
  if (parent?.client !== undefined) {
    if (options?.ended !== undefined) {
      // It has finished; what it was is looked at once more.
      subrequest.client = client;
      options.ended(subrequest);
      subrequest.client = undefined;
    }
    options?.tail.end();
    if (background) parent.backgroundEnded();
  }
  giveBack(subrequest);
}

/** Nobody looks at it any more: it is used again. What it had of its parent's stays there. */
function giveBack(subrequest: Request): void {
  subrequest.subrequests = undefined;
  subrequest.values = [];
  subrequest.site.recycle(subrequest);
}

/**
 * Starts a request within `parent`: it goes through the phases again, but for access. It may be over
 * within the call; `made` sees it before it begins. `undefined`: there may be no more.
 */
export function startSubrequest(
  parent: Request,
  options: SubrequestOptions,
  made?: (subrequest: Request) => void,
): Request | undefined {
  parent.subrequests ??= new Subrequests(parent, undefined, undefined, 0);
  const { main, depth } = parent.subrequests;
  const counted = placeOf(main);
  if (depth === SUBREQUEST_DEPTH_MAX || counted.left === 0) {
    parent.log('error', `subrequests cycle while processing "${options.uri}"`);
    return undefined;
  }
  counted.left -= 1;
  const subrequest = parent.site.take();
  subrequest.listener = main.listener;
  subrequest.subrequests = new Subrequests(main, parent, options, depth + 1);
  made?.(subrequest);
  parent.subrequests.add(subrequest, options.background === true);
  subrequest.begin(asConnection(new SubrequestClient(subrequest, main.client as ServerConnection)));
  return subrequest;
}

/** For `Request.start`: what a subrequest has from its parent. */
export function enterSubrequest(subrequest: Request): void {
  const { parent, options } = placeOf(subrequest);
  if (parent === undefined || options === undefined) return;
  subrequest.isSubrequest = true;
  subrequest.internal = true;
  subrequest.internalOnly = true;
  subrequest.isAsReceived = false;
  subrequest.isHeaderOnly = options.headerOnly === true;
  subrequest.method = options.method ?? 'GET';
  subrequest.host = parent.host;
  subrequest.server = parent.server;
  subrequest.location = parent.server.location;
  subrequest.uri = options.uri;
  subrequest.args = options.args;
  subrequest.values = parent.values;
  subrequest.from = parent.from;
  subrequest.requestEnded = true;
  if (options.passesBody) subrequest.body = parent.body.share();
  else subrequest.body.isWhole = true;
  subrequest.phases.enter(PHASE.serverRewrite);
  subrequest.phases.run();
}

/** For bodies that nobody wants. */
export const NOWHERE: BodyNext = { write() {}, end() {} };

/** Keeps a body, as much as its location allows (`subrequest_output_buffer_size`). */
export class CapturedBody implements BodyNext {
  /** Whose body it is. */
  request: Request | undefined;
  text = '';
  /** It was longer, and is not all there. */
  isTooLarge = false;

  write(piece: Piece): void {
    const bytesMax = this.request?.location.conf.subrequestOutputBufferSize ?? 0;
    if (this.text.length + piece.length > bytesMax) this.isTooLarge = true;
    else this.text += pieceText(piece);
  }

  end(): void {}
}
