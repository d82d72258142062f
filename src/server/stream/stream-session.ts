import type { Endpoint } from '../../core/endpoint.ts';
import type { LogLevel } from '../conf/log-conf.ts';
import type { Evaluated } from '../engine/variables.ts';
import type { ProxyHead } from '../shared/proxy-protocol.ts';
import type { StreamListener } from './stream-listener.ts';
import { STREAM_STATUS, type StreamServer } from './stream-server.ts';
import type { StreamSite } from './stream-site.ts';

/** One attempt to reach a server. Times in milliseconds from its begin; -1: it did not come to that. */
export type UpstreamState = {
  /** The server's address, or the group's name where none could be chosen. */
  readonly address: string;
  readonly startedMs: number;
  connectMs: number;
  firstByteMs: number;
  sessionMs: number;
  bytesSent: number;
  bytesReceived: number;
};

/** What works for a session once its handlers have let it pass. */
export interface StreamWork {
  /** Ends everything at once; the session may end meanwhile. */
  stop(): void;
  /** UDP: another datagram of the client, lent until this returns. */
  datagram?(data: Uint8Array): void;
}

/**
 * One client of `stream`: a connection, or the datagrams of one address.
 *
 *   begin → handlers → content ──→ finish: log lines, the client is closed
 *              └─ a status ────────↑
 */
export abstract class StreamSession implements Evaluated {
  readonly site: StreamSite;
  readonly listener: StreamListener;
  readonly server: StreamServer;
  readonly number: number;
  readonly values: (string | undefined)[] = [];
  captures: RegExpExecArray | undefined;
  /** Who is taken for the client: who has connected, unless a PROXY protocol header says otherwise. */
  remote: Endpoint;
  /** Who has connected. */
  readonly peer: Endpoint;
  readonly startedMs: number;
  status = 0;
  /** What `limit_conn` has said; '' where there is none. */
  limitStatus = '';
  /** What the PROXY protocol's head of the connection has said. */
  proxyHead: ProxyHead | undefined;
  /** Bytes from and to the client. */
  bytesReceived = 0;
  bytesSent = 0;
  readonly upstreams: UpstreamState[] = [];
  /** Once the session looks for a server: messages name it. */
  upstreamName: string | undefined;
  /** Its place among the sessions of the site. */
  place = -1;
  work: StreamWork | undefined;
  /** What has to be given back at the end. */
  readonly atEnd: ((session: StreamSession) => void)[] = [];
  ended = false;
  abstract readonly isUdp: boolean;

  constructor(listener: StreamListener, peer: Endpoint) {
    const { site } = listener;
    this.site = site;
    this.listener = listener;
    this.server = listener.server;
    this.peer = peer;
    this.remote = peer;
    this.number = site.nextNumber();
    this.startedMs = site.port.loop.turnMs;
  }

  /** Our end. */
  abstract readonly local: Endpoint;

  /** Sends latin1 text, and finishes the session when it is on its way. */
  abstract respond(text: string): void;
  /** The client's side is done with. `reset`: at once. */
  protected abstract closeClient(reset: boolean): void;

  /** Handlers, then content. */
  run(): void {
    this.logBare('debug', 'session handler');
    const status = this.server.admit(this);
    if (status !== 0) this.finish(status);
    else if (this.server.content === undefined) this.finish(STREAM_STATUS.internalError);
    else this.server.content(this);
  }

  /** Ends the session: its lines are written, the client is closed. */
  finish(status: number, reset = false): void {
    if (this.ended) return;
    this.ended = true;
    this.status = status;
    const { loggers } = this.server;
    for (let i = 0; i < loggers.length; i += 1) loggers[i]?.(this);
    for (const release of this.atEnd) release(this);
    this.closeClient(reset);
  }

  /** The program ends: nothing is waited for. `why`: what the log says. */
  cut(why = 'shutdown timeout'): void {
    if (this.ended) return;
    this.log('info', why);
    this.work?.stop();
    this.finish(STREAM_STATUS.ok, true);
  }

  get elapsedMs(): number {
    return this.site.port.loop.turnMs - this.startedMs;
  }

  get currentUpstream(): UpstreamState | undefined {
    return this.upstreams[this.upstreams.length - 1];
  }

  /** A regular expression has matched. */
  captured(captures: RegExpExecArray): void {
    this.site.variables.keepCaptured(this, captures);
  }

  /** A message about this session, with what identifies it, in nginx's form. */
  log(level: LogLevel, text: string): void {
    const log = this.site.errorLog(this.server);
    if (log.takes(level)) log.write(level, `*${this.number} ${text}${this.#context()}`);
  }

  /** Does anybody want messages of this level? */
  takes(level: LogLevel): boolean {
    return this.site.errorLog(this.server).takes(level);
  }

  /** A message whose text says all that is needed. */
  logBare(level: LogLevel, text: string): void {
    const log = this.site.errorLog(this.server);
    if (log.takes(level)) log.write(level, `*${this.number} ${text}`);
  }

  #context(): string {
    const udp = this.isUdp ? 'udp ' : '';
    const text = `, ${udp}client: ${this.remote.address}, server: ${this.listener.conf.text}`;
    if (this.upstreamName === undefined) return text;
    const named = this.upstreamName === '' ? '' : `, upstream: "${this.upstreamName}"`;
    return `${text}${named}, ${this.byteCounts()}`;
  }

  byteCounts(): string {
    const { bytesSent, bytesReceived } = this.currentUpstream ?? NONE;
    return (
      `bytes from/to client:${this.bytesReceived}/${this.bytesSent}, ` +
      `bytes from/to upstream:${bytesReceived}/${bytesSent}`
    );
  }
}

const NONE = { bytesSent: 0, bytesReceived: 0 };
