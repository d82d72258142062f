export { defineProxy, type ProxyBuilder, type ProxyBuilder as Proxy } from './define-proxy.ts';
export {
  type Destination,
  type ForwardContext,
  type ForwardProxyOptions,
  forwardProxy,
} from './forward-proxy.ts';
export type { Match } from './match.ts';
export {
  type Awaitable,
  type HeaderFields,
  type Reply,
  type ReplyHeaders,
  type RequestHead,
  type ResponseHead,
  reply,
} from './messages.ts';
export type { Connection, Peer, PeerTimeouts, Upstream } from './peers.ts';
export { HandlerTimeout } from './phase-runner.ts';
export {
  type BodyFilter,
  definePlugin,
  type NoContext,
  type PhaseName,
  type Phases,
  type Plugin,
  type RetryDecision,
} from './phases.ts';
export {
  type ListenOptions,
  type Platform,
  type Running,
  usePlatform,
} from './running.ts';
export type { Session, SessionBase } from './session-base.ts';
export { type UpstreamGroupOptions, upstream } from './upstream.ts';
