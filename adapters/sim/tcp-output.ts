import type { Fault } from '../../src/core/fault.ts';
import type { SimEvent } from './event-queue.ts';
import { ACK, FIN, MSS_BYTES, SYN } from './segment.ts';
import { simFault } from './sim-faults.ts';
import type { TcpBlock } from './tcp-block.ts';

/** Retransmissions of a SYN before the connection fails: 127 s in all, as on Linux. */
export const SYN_RETRIES_MAX = 6;
/** Of anything else: 102 s at least. */
export const RETRIES_MAX = 8;
/** TIME-WAIT, and FIN-WAIT-2 when nobody owns the connection, in milliseconds. */
export const TIME_WAIT_MS = 60_000;
const RTO_MIN_MS = 200; // Linux's; RFC 6298 §2.4 says 1 s.
const RTO_MAX_MS = 120_000;

class TcpTimer implements SimEvent {
  atMs = 0;
  order = 0;
  index = -1;
  background = false;
  readonly #block: TcpBlock;

  constructor(block: TcpBlock) {
    this.#block = block;
  }

  fire(): void {
    timedOut(this.#block);
  }
}

/** Sends what the window admits, and FIN after the last byte. */
export function output(block: TcpBlock): void {
  if (!block.synchronized) return;
  const peer = directPeer(block);
  if (peer !== undefined) movedDirectly(block, peer, block.sendRing.moveTo(peer.receiveRing));
  for (;;) {
    const unsent = block.una + block.sendRing.size - block.nxt;
    if (unsent > 0) {
      const room = block.una + block.sendWindow - block.nxt;
      const length = Math.min(unsent, room, MSS_BYTES);
      if (length <= 0) break;
      time(block);
      emit(block, ACK, block.nxt, length);
      block.nxt += length;
    } else if (block.nxt === block.finSeq) {
      time(block);
      emit(block, ACK | FIN, block.nxt, 0);
      block.nxt += 1;
    } else {
      break;
    }
  }
  armTimer(block);
}

/**
 * The other end, when bytes can be put straight into its receive buffer: the way is calm, nothing
 * is under way, and it still receives. A segment would arrive at this very moment.
 */
export function directPeer(block: TcpBlock): TcpBlock | undefined {
  if (block.nxt !== block.una || !block.link.direct) return undefined;
  const peer = block.link.to.connection(block.peerKey);
  if (peer === undefined || peer.orphan || peer.eof || !peer.synchronized) return undefined;
  return peer.rcvNxt === block.nxt ? peer : undefined;
}

/** `bytes` are in the receive buffer of `peer`, as if sent, received and acknowledged. */
export function movedDirectly(block: TcpBlock, peer: TcpBlock, bytes: number): void {
  block.una += bytes;
  block.nxt += bytes;
  peer.rcvNxt += bytes;
  peer.toldWindow = peer.receiveRing.free;
  block.sendWindow = peer.toldWindow;
  if (bytes === 0) return;
  const { events, trace } = block.host.network;
  trace.note('direct', events.nowMs, block.host.index, block.una - block.iss, bytes);
  peer.owner?.changed();
}

/** One segment; its payload comes out of the send ring. */
export function emit(block: TcpBlock, flags: number, seq: number, length: number): void {
  const { segments, events, trace } = block.host.network;
  const segment = segments.take();
  segment.from = block.local;
  segment.to = block.remote;
  segment.key = block.peerKey;
  segment.replyKey = block.key;
  segment.flags = flags;
  segment.seq = seq;
  segment.ack = flags & ACK ? block.rcvNxt : 0;
  segment.window = block.receiveRing.free;
  if (length > 0) block.sendRing.copyTo(segment.reserve(length), 0, length, seq - block.una);
  block.toldWindow = segment.window;
  trace.note(segment.name, events.nowMs, block.host.index, seq - block.iss, length);
  block.link.send(segment);
}

/** The oldest thing that was not acknowledged, once more. */
export function retransmit(block: TcpBlock): void {
  block.timedSeq = -1; // An answer could be to either copy (RFC 6298 §3).
  if (block.state === 'synSent') emit(block, SYN, block.iss, 0);
  else if (block.state === 'synReceived') emit(block, SYN | ACK, block.iss, 0);
  else {
    const length = Math.min(MSS_BYTES, block.sendRing.size, block.nxt - block.una);
    if (length > 0) emit(block, ACK, block.una, length);
    else emit(block, ACK | FIN, block.finSeq, 0);
  }
}

/**
 * Watches over what was not acknowledged, or over a window that is shut. The world need not wait
 * for a probe while the peer really has no room.
 */
export function armTimer(block: TcpBlock): void {
  const { events } = block.host.network;
  const { timer } = block;
  const outstanding = block.una < block.nxt;
  const shut = !outstanding && block.sendRing.size > 0;
  if (!outstanding && !shut) {
    const waits = block.state === 'finWait2' || block.state === 'timeWait';
    if (timer !== undefined && !waits) events.cancel(timer);
    return;
  }
  block.timer ??= new TcpTimer(block);
  const peer = shut ? block.link.to.connection(block.peerKey) : undefined;
  events.setBackground(block.timer, peer !== undefined && peer.receiveRing.free === 0);
  if (block.timer.index < 0) events.schedule(block.timer, events.nowMs + block.rtoMs);
}

/** Something was acknowledged: what is left gets the full time. */
export function restartTimer(block: TcpBlock): void {
  if (block.timer !== undefined) block.host.network.events.cancel(block.timer);
  armTimer(block);
}

/** Waits without anything to send; then the connection is forgotten. */
export function lingerInBackground(block: TcpBlock): void {
  const { events } = block.host.network;
  block.timer ??= new TcpTimer(block);
  events.setBackground(block.timer, true);
  events.schedule(block.timer, events.nowMs + TIME_WAIT_MS);
}

/** The connection is over. What was received before stays readable while somebody owns it. */
export function closeBlock(block: TcpBlock, fault: Fault | undefined): void {
  if (block.state === 'closed') return;
  block.state = 'closed';
  block.fault = fault;
  if (block.timer !== undefined) block.host.network.events.cancel(block.timer);
  block.sendRing.clear();
  for (const segment of block.early) segment.release();
  block.early.length = 0;
  if (block.orphan) block.receiveRing.clear();
  block.host.forget(block);
  block.acceptor?.abandoned(block);
  block.owner?.changed();
}

/** Measures the round trip of one segment at a time. */
export function time(block: TcpBlock): void {
  if (block.timedSeq >= 0) return;
  block.timedSeq = block.nxt;
  block.timedMs = block.host.network.events.nowMs;
}

/** RFC 6298 §2.3, with the variance taken as twice the round trip. */
export function roundTripDone(block: TcpBlock): void {
  if (block.timedSeq >= 0 && block.una > block.timedSeq) {
    const sampleMs = block.host.network.events.nowMs - block.timedMs;
    const before = block.roundTripMs;
    block.roundTripMs = before < 0 ? sampleMs : before + (sampleMs - before) / 8;
    block.timedSeq = -1;
  }
  block.retries = 0;
  if (block.roundTripMs >= 0) block.rtoMs = Math.max(RTO_MIN_MS, block.roundTripMs * 3);
}

function timedOut(block: TcpBlock): void {
  const probing = block.una === block.nxt;
  if (probing && block.sendRing.size === 0) {
    closeBlock(block, undefined);
    return;
  }
  block.retries += 1;
  const retriesMax = block.synchronized ? RETRIES_MAX : SYN_RETRIES_MAX;
  if (block.retries > retriesMax && (!probing || block.orphan)) {
    closeBlock(block, simFault('kernelTimeout'));
    return;
  }
  block.rtoMs = Math.min(block.rtoMs * 2, RTO_MAX_MS);
  // A probe is a repeated old byte number without the byte: the answer tells the window.
  if (probing) {
    emit(block, ACK, block.una - 1, 0);
  } else {
    block.recoverSeq = block.nxt;
    retransmit(block);
  }
  armTimer(block);
}
