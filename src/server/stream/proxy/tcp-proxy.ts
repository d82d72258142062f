import type { Endpoint } from '../../../core/endpoint.ts';
import type { ConnectOperation } from '../../../core/operation.ts';
import { closeOperation, connectOperation } from '../../../core/operations.ts';
import { joined } from '../../../net/bytes.ts';
import { Relay } from '../../../net/relay.ts';
import { STREAM_STATUS } from '../stream-server.ts';
import { STREAM_LINGER_MS, type TcpSession } from '../tcp-session.ts';
import { PacedRelay } from './paced-relay.ts';
import { proxyHeader } from './proxy-header.ts';
import { ProxyWork } from './proxy-work.ts';

/** What both kinds of relay have. */
type AnyRelay = Pick<
  Relay,
  'why' | 'firstEnded' | 'firstMsBtoA' | 'faultSocket' | 'bytesAtoB' | 'bytesBtoA' | 'stop'
>;

/** A connection of a client, and the one to a server that it is joined with. */
export class TcpProxy extends ProxyWork {
  declare readonly session: TcpSession;
  readonly #connect: ConnectOperation = connectOperation(NOWHERE, () => this.#connected());
  #relay: AnyRelay | undefined;
  /** Of the PROXY protocol. */
  #headerBytes = 0;

  stop(): void {
    if (this.#relay !== undefined) this.#relay.stop();
    else this.#cancel();
  }

  #cancel(): void {
    this.session.site.port.cancel(this.#connect);
    this.end(STREAM_STATUS.ok, true);
  }

  protected connect(endpoint: Endpoint, local: Endpoint | undefined): void {
    const operation = this.#connect;
    operation.endpoint = endpoint;
    operation.local = local;
    operation.deadlineMs = this.nowMs + this.proxy.conf.proxyConnectTimeout;
    this.session.site.port.submit(operation);
  }

  #connected(): void {
    const { status, socket, fault } = this.#connect;
    const { port } = this.session.site;
    if (this.session.ended) {
      // It was cut while this was on its way.
      if (status !== 'done') return;
      const close = closeOperation(socket, () => {});
      close.how = 'reset';
      port.submit(close);
      return;
    }
    if (status !== 'done') {
      this.connectFailed(status, fault);
      return;
    }
    this.succeeded();
    this.tellConnected('proxy', socket);
    this.#join(socket);
  }

  #join(server: number): void {
    const { session, proxy } = this;
    const { site, preread } = session;
    const { conf } = proxy;
    const header = proxyHeader(conf.proxyProtocolOut, session.remote, session.local);
    const client = session.give();
    const upload = proxy.uploadRate(session);
    const download = proxy.downloadRate(session);
    const ahead = header.length + preread.length;
    const preface = ahead === 0 ? undefined : joined([header, preread], ahead);
    this.#headerBytes = header.length;
    const closed = (): void => session.closed();
    const relay =
      upload > 0 || download > 0
        ? new PacedRelay(site.port, client, server, {
            rateAtoB: upload,
            rateBtoA: download,
            bufferBytes: conf.proxyBufferSize,
            idleMs: conf.proxyTimeout,
            onEnd: closed,
          })
        : new Relay(site.port, site.buffers, client, server, conf.proxyTimeout, closed);
    this.#relay = relay;
    relay.halfCloses = conf.proxyHalfClose;
    relay.lingerMs = STREAM_LINGER_MS;
    relay.onEnding = () => this.#ending();
    relay.start('aToB', preface);
    relay.start('bToA');
  }

  #ending(): void {
    const relay = this.#relay as AnyRelay;
    const { session, state } = this;
    const { preread } = session;
    session.bytesReceived += relay.bytesAtoB + preread.length;
    session.bytesSent = relay.bytesBtoA;
    if (state !== undefined) {
      state.bytesSent = relay.bytesAtoB + preread.length + this.#headerBytes;
      state.bytesReceived = relay.bytesBtoA;
      if (relay.firstMsBtoA >= 0)
        state.firstByteMs = Math.max(0, relay.firstMsBtoA - state.startedMs);
    }
    if (relay.why === 'idle')
      session.log('info', 'connection timed out (110: Connection timed out)');
    else if (relay.why !== 'stopped') {
      const { firstEnded, faultSocket = session.socket } = relay;
      const isServer = firstEnded === 'bToA' || faultSocket !== session.socket;
      const who = isServer ? 'upstream' : 'client';
      session.logBare('info', `${who} disconnected, ${session.byteCounts()}`);
    }
    this.end(STREAM_STATUS.ok);
  }
}

const NOWHERE: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 };
