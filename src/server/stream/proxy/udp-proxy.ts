import type { Endpoint } from '../../../core/endpoint.ts';
import {
  NO_SOCKET,
  type UdpOpenOperation,
  type UdpRecvOperation,
} from '../../../core/operation.ts';
import {
  closeOperation,
  timerOperation,
  udpOpenOperation,
  udpRecvOperation,
} from '../../../core/operations.ts';
import { DatagramSender, SENDS_MAX } from '../datagram-sender.ts';
import { STREAM_STATUS } from '../stream-server.ts';
import type { UdpSession } from '../udp-session.ts';
import { systemText } from './failure-text.ts';
import { Pace } from './pace.ts';
import { ProxyWork } from './proxy-work.ts';
import type { StreamProxy } from './stream-proxy.ts';

/** Datagrams of a client that wait for a socket, or for their rate; more are dropped. */
export const DATAGRAMS_WAITING_MAX: number = 16;

/** The datagrams of one client, and a socket of their own to the server. */
export class UdpProxy extends ProxyWork {
  declare readonly session: UdpSession;
  readonly #open: UdpOpenOperation = udpOpenOperation(ANY.ipv4, () => this.#opened());
  readonly #recv: UdpRecvOperation = udpRecvOperation(NO_SOCKET, () => this.#received());
  readonly #idle = timerOperation(({ status }) => {
    if (status === 'done') this.#timeUp();
  });
  readonly #uploadTimer = timerOperation(({ status }) => {
    if (status === 'done') this.#forwardWaiting();
  });
  readonly #downloadTimer = timerOperation(({ status }) => {
    if (status === 'done') this.#receive();
  });
  readonly #waiting: Uint8Array[] = [];
  readonly #upload: Pace;
  readonly #download: Pace;
  #sender: DatagramSender | undefined;
  /** Datagrams of the client that went to the server, and what came back. */
  #requests = 0;
  #responses = 0;
  #movedMs = 0;

  constructor(session: UdpSession, proxy: StreamProxy) {
    super(session, proxy);
    const { nowMs } = this;
    this.#upload = new Pace(proxy.uploadRate(session), nowMs);
    this.#download = new Pace(proxy.downloadRate(session), nowMs);
    this.#wait(session.first);
    this.#countRequest();
  }

  /** Datagrams that have not gone to the server yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  stop(): void {
    this.end(STREAM_STATUS.ok);
  }

  datagram(data: Uint8Array): void {
    this.session.bytesReceived += data.length;
    if (this.#waiting.length === DATAGRAMS_WAITING_MAX) return;
    this.#wait(data);
    this.#countRequest();
    if (this.#sender !== undefined) this.#forwardWaiting();
  }

  protected connect(endpoint: Endpoint, local: Endpoint | undefined): void {
    const { family } = endpoint;
    this.#open.remote = endpoint;
    this.#open.local = local ?? (family === 'ipv6' ? ANY.ipv6 : ANY.ipv4);
    this.session.site.port.submit(this.#open);
  }

  protected override end(status: number): void {
    if (this.session.ended) return;
    this.#close();
    super.end(status);
  }

  /** Datagrams that come later are for another session, where this one has all that it may. */
  #countRequest(): void {
    this.#requests += 1;
    const { proxyRequests } = this.proxy.conf;
    if (proxyRequests > 0 && this.#requests >= proxyRequests) this.session.detach();
  }

  #wait(data: Uint8Array): void {
    this.#waiting.push(Uint8Array.from(data));
  }

  #opened(): void {
    const { status, socket, fault } = this.#open;
    const { port } = this.session.site;
    if (this.session.ended) {
      if (status === 'done') port.submit(closeOperation(socket, () => {}));
      return;
    }
    if (status !== 'done') {
      this.connectFailed(status, fault);
      return;
    }
    this.succeeded();
    this.tellConnected('udp proxy', socket);
    this.#sender = new DatagramSender(port, socket, SENDS_MAX, ({ fault: why }) => {
      this.#failed(`send() failed (${systemText(why)}) while proxying and sending to upstream`);
    });
    this.#recv.socket = socket;
    this.#moved();
    this.#watch();
    this.#forwardWaiting();
    this.#receive();
  }

  #forwardWaiting(): void {
    const sender = this.#sender as DatagramSender;
    const { state, session } = this;
    while (this.#waiting.length > 0 && this.#uploadTimer.status !== 'pending') {
      const [data] = this.#waiting as [Uint8Array];
      const sent = state?.bytesSent ?? 0;
      const room = sent === 0 ? 1 : this.#upload.room(sent, this.nowMs);
      if (room <= 0) {
        this.#uploadTimer.atMs = this.nowMs + this.#upload.waitMs(room);
        session.site.port.submit(this.#uploadTimer);
        return;
      }
      this.#waiting.shift();
      // What the kernel does not take for now is lost, as datagrams are.
      if (sender.send(data, undefined) && state !== undefined) state.bytesSent += data.length;
      this.#moved();
    }
    this.#finishIfDone();
  }

  #receive(): void {
    if (this.session.ended || this.#recv.status === 'pending') return;
    const { nowMs, state } = this;
    const room = this.#download.room(state?.bytesReceived ?? 0, nowMs);
    if (room > 0) this.session.site.port.submit(this.#recv);
    else this.#pause(this.#download.waitMs(room));
  }

  #pause(ms: number): void {
    this.#downloadTimer.atMs = this.nowMs + ms;
    this.session.site.port.submit(this.#downloadTimer);
  }

  #received(): void {
    const { status, data, offset, bytes, fault } = this.#recv;
    const { session, state } = this;
    if (session.ended) return;
    if (status !== 'done') {
      this.#failed(`recv() failed (${systemText(fault)}) while proxying and reading from upstream`);
      return;
    }
    this.#moved();
    this.#responses += 1;
    if (state !== undefined) {
      if (state.firstByteMs < 0) state.firstByteMs = this.nowMs - state.startedMs;
      state.bytesReceived += bytes;
    }
    session.send(data.subarray(offset, offset + bytes));
    this.#finishIfDone();
    if (session.ended) return;
    const pauseMs = this.#download.pauseMs(bytes);
    if (pauseMs > 0) this.#pause(pauseMs);
    else this.#receive();
  }

  /** All datagrams were answered that may come. */
  #finishIfDone(): void {
    const { proxyResponses, proxyRequests } = this.proxy.conf;
    if (proxyRequests > 0 && this.#requests < proxyRequests) return;
    if (proxyResponses === undefined || this.#waiting.length > 0) return;
    if (this.#responses < proxyResponses * this.#requests) return;
    this.session.logBare('info', `udp done, ${this.#counts()}`);
    this.end(STREAM_STATUS.ok);
  }

  #failed(text: string): void {
    if (this.session.ended) return;
    this.session.log('error', text);
    this.blame();
    this.end(STREAM_STATUS.badGateway);
  }

  #moved(): void {
    this.#movedMs = this.session.site.port.loop.turnMs;
  }

  #watch(): void {
    this.#idle.atMs = this.#movedMs + this.proxy.conf.proxyTimeout;
    this.session.site.port.submit(this.#idle);
  }

  #timeUp(): void {
    const isPaced =
      this.#uploadTimer.status === 'pending' || this.#downloadTimer.status === 'pending';
    if (isPaced) this.#moved();
    if (this.#movedMs + this.proxy.conf.proxyTimeout > this.#idle.atMs) {
      this.#watch();
      return;
    }
    const { proxyResponses } = this.proxy.conf;
    if (proxyResponses === undefined || this.#responses >= proxyResponses * this.#requests) {
      this.session.logBare('info', `udp timed out, ${this.#counts()}`);
      this.end(STREAM_STATUS.ok);
      return;
    }
    this.#failed('upstream timed out (110: Connection timed out) while proxying connection');
  }

  #counts(): string {
    return `packets from/to client:${this.#requests}/${this.#responses}, ${this.session.byteCounts()}`;
  }

  #close(): void {
    const { port } = this.session.site;
    for (const timer of [this.#idle, this.#uploadTimer, this.#downloadTimer]) port.cancel(timer);
    port.cancel(this.#open);
    if (this.#sender === undefined) return;
    this.#sender = undefined;
    port.submit(closeOperation(this.#recv.socket, () => {}));
  }
}

const ANY = {
  ipv4: { family: 'ipv4', address: '0.0.0.0', port: 0 },
  ipv6: { family: 'ipv6', address: '::', port: 0 },
} as const;
