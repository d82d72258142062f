import type { ProxyError } from '../proxy-error.ts';
import type { Awaitable, Reply, RequestHead, ResponseHead } from './messages.ts';
import type { Connection, Peer, Upstream } from './peers.ts';
import type { Session, SessionBase } from './session-base.ts';

/** What a handler says of a failed attempt; nothing: the next one is asked, then the engine. */
export type RetryDecision = undefined | { readonly retry: boolean; readonly delayMs?: number };

// `void` lets a handler be a plain function that returns nothing.
// biome-ignore lint/suspicious/noConfusingVoidType: it is what such a function returns.
type Nothing = void | undefined;

/**
 * Nothing passes the chunk on; [] holds it back. With the last call `end` is true, and there may be
 * no chunk. A chunk is lent until the handler, or its promise, is done.
 */
export type BodyFilter<C> = (
  session: Session<C>,
  chunk: Uint8Array | undefined,
  end: boolean,
) => Awaitable<Uint8Array | Uint8Array[] | Nothing>;

/** What runs at the fixed points of an exchange. Every phase is optional; an absent one costs nothing. */
export interface Phases<C> {
  /** Once, when the head has come and before the route is chosen; a route's own: right after that. */
  earlyRequest?(session: Session<C>): Awaitable<Nothing>;
  /** Once; a reply is the answer, and nothing goes upstream. */
  requestFilter?(session: Session<C>): Awaitable<Reply | Nothing>;
  /** Once per attempt; the first defined answer decides where the request goes. */
  upstreamPeer?(session: Session<C>): Awaitable<Peer | Upstream | string | Nothing>;
  /** Once per attempt, when there is a connection. */
  connected?(session: Session<C>, connection: Connection): Awaitable<Nothing>;
  /** Once per attempt; `up` is a fresh copy of the head, to be changed. */
  upstreamRequestFilter?(session: Session<C>, up: RequestHead): Awaitable<Nothing>;
  requestBodyFilter?: BodyFilter<C>;
  /** Once, when a final response head has come; a reply is the answer instead of it. */
  upstreamResponseFilter?(session: Session<C>, up: ResponseHead): Awaitable<Reply | Nothing>;
  /** Once, before the response head goes out; also for replies. */
  responseFilter?(session: Session<C>, response: ResponseHead): Awaitable<Nothing>;
  responseBodyFilter?: BodyFilter<C>;
  /** Once per attempt whose connection failed: nothing was sent. */
  failToConnect?(session: Session<C>, error: ProxyError): Awaitable<RetryDecision | Nothing>;
  /** Once per attempt that failed later: something was, or may have been, sent. */
  errorWhileProxy?(session: Session<C>, error: ProxyError): Awaitable<RetryDecision | Nothing>;
  /** At most once, when no attempt is left and no response head was sent. */
  failToProxy?(session: Session<C>, error: ProxyError): Awaitable<Reply | Nothing>;
  /** Exactly once, last. */
  logging?(session: Session<C>, error: ProxyError | undefined): Awaitable<Nothing>;
}

export type PhaseName = keyof Phases<never>;

/** The names of all phases: a handler under another name is a mistake. */
export const PHASE_NAMES: readonly PhaseName[] = [
  'earlyRequest',
  'requestFilter',
  'upstreamPeer',
  'connected',
  'upstreamRequestFilter',
  'requestBodyFilter',
  'upstreamResponseFilter',
  'responseFilter',
  'responseBodyFilter',
  'failToConnect',
  'errorWhileProxy',
  'failToProxy',
  'logging',
];

/** The empty context, which every session satisfies. */
export type NoContext = Record<never, never>;

/** Phases with a context of their own. Needs: context it reads. Adds: context it contributes. */
export interface Plugin<Needs extends object = NoContext, Adds extends object = NoContext> {
  readonly name: string;
  context?(session: SessionBase): Adds;
  phases: Phases<Needs & Adds>;
}

/** Gives a plugin its type. */
export function definePlugin<
  Adds extends object = NoContext,
  Needs extends object = NoContext,
>(plugin: {
  name: string;
  context?(session: SessionBase): Adds;
  phases: Phases<Needs & Adds>;
}): Plugin<Needs, Adds> {
  return plugin;
}
