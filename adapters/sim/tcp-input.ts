import { ACK, FIN, RST, type Segment, SYN } from './segment.ts';
import { simFault } from './sim-faults.ts';
import type { TcpBlock } from './tcp-block.ts';
import {
  closeBlock,
  emit,
  lingerInBackground,
  output,
  restartTimer,
  retransmit,
  roundTripDone,
} from './tcp-output.ts';

/** Segments kept beyond a gap, at most; a sender repeats what is dropped. */
const EARLY_SEGMENTS_MAX = 64;
/** As many equal ACKs mean a lost segment (RFC 5681 §3.2). */
const REPEATED_ACKS = 3;

/** A segment for this connection has arrived (RFC 9293 §3.10.7). It stays the caller's. */
export function arrive(block: TcpBlock, segment: Segment): void {
  if (block.state === 'synSent') {
    arriveInSynSent(block, segment);
    return;
  }
  if (!acceptable(block, segment)) {
    if (!(segment.flags & RST)) acknowledge(block);
    return;
  }
  if (segment.flags & RST) {
    breakByReset(block);
    return;
  }
  if (segment.flags & SYN || !(segment.flags & ACK)) return;
  if (block.state === 'synReceived' && !openPassively(block, segment)) return;
  if (!acceptAck(block, segment)) return;
  acceptData(block, segment);
}

/** Says what was received and how much room there is. */
export function acknowledge(block: TcpBlock): void {
  emit(block, ACK, block.nxt, 0);
}

function arriveInSynSent(block: TcpBlock, segment: Segment): void {
  const acksSyn = (segment.flags & ACK) !== 0 && segment.ack === block.nxt;
  if (segment.flags & ACK && !acksSyn) return;
  if (segment.flags & RST) {
    if (acksSyn) closeBlock(block, simFault('refused'));
    return;
  }
  if (!(segment.flags & SYN)) return;
  block.rcvNxt = segment.seq + 1;
  block.sendWindow = segment.window;
  block.windowSeq = segment.seq;
  block.windowAck = segment.ack;
  if (acksSyn) {
    block.state = 'established';
    acknowledged(block, segment.ack);
    acknowledge(block);
    block.owner?.changed();
  } else {
    block.state = 'synReceived'; // Both ends have sent a SYN: they cross.
    emit(block, SYN | ACK, block.iss, 0);
  }
}

/** Does the segment touch the receive window (RFC 9293 §3.10.7.4)? */
function acceptable(block: TcpBlock, segment: Segment): boolean {
  const { span, seq } = segment;
  const windowEnd = block.rcvNxt + Math.max(1, block.receiveRing.free);
  if (span === 0) return seq >= block.rcvNxt && seq <= windowEnd;
  // A FIN takes no room, so it may come to a window that is shut.
  return seq + span > block.rcvNxt && seq < windowEnd;
}

/** What a RST means in each state. Linux: EPIPE after the peer's FIN, ECONNRESET otherwise. */
export function breakByReset(block: TcpBlock): void {
  if (block.state === 'synReceived') closeBlock(block, simFault('refused'));
  else if (block.state === 'closeWait') closeBlock(block, simFault('brokenPipe'));
  else if (block.state === 'timeWait') closeBlock(block, undefined);
  else closeBlock(block, simFault('reset'));
}

function openPassively(block: TcpBlock, segment: Segment): boolean {
  if (segment.ack !== block.iss + 1) return false;
  block.state = 'established';
  block.sendWindow = segment.window;
  block.windowSeq = segment.seq;
  block.windowAck = segment.ack;
  const { acceptor } = block;
  block.acceptor = undefined;
  acceptor?.established(block);
  block.owner?.changed();
  return true;
}

/** `false`: the ACK is for something that was never sent, or it was the last one. */
function acceptAck(block: TcpBlock, segment: Segment): boolean {
  const { ack, seq, window } = segment;
  if (ack > block.nxt) {
    acknowledge(block);
    return false;
  }
  const newer = seq > block.windowSeq || (seq === block.windowSeq && ack >= block.windowAck);
  const repeated = ack === block.una && block.una < block.nxt && segment.span === 0;
  if (ack > block.una) acknowledged(block, ack);
  else if (repeated && window === block.sendWindow) repeatedAck(block);
  if (newer && ack >= block.una) {
    block.sendWindow = window;
    block.windowSeq = seq;
    block.windowAck = ack;
  }
  if (block.finSeq >= 0 && block.una > block.finSeq) finAcknowledged(block);
  if (block.state === 'closed') return false;
  if (block.state !== 'timeWait') output(block);
  return true;
}

function acknowledged(block: TcpBlock, ack: number): void {
  const synCounts = block.una === block.iss ? 1 : 0;
  block.sendRing.drop(Math.min(ack - block.una - synCounts, block.sendRing.size));
  block.una = ack;
  block.repeatedAcks = 0;
  roundTripDone(block);
  restartTimer(block);
  if (ack < block.recoverSeq) retransmit(block);
  if (block.writeReady) block.owner?.changed();
}

function repeatedAck(block: TcpBlock): void {
  block.repeatedAcks += 1;
  if (block.repeatedAcks !== REPEATED_ACKS || block.una < block.recoverSeq) return;
  block.recoverSeq = block.nxt;
  retransmit(block);
}

function finAcknowledged(block: TcpBlock): void {
  if (block.state === 'finWait1') {
    block.state = 'finWait2';
    if (block.orphan) lingerInBackground(block);
    block.owner?.changed();
  } else if (block.state === 'closing') {
    enterTimeWait(block);
  } else if (block.state === 'lastAck') {
    closeBlock(block, undefined);
  }
}

function enterTimeWait(block: TcpBlock): void {
  block.state = 'timeWait';
  lingerInBackground(block);
  block.owner?.changed();
}

function acceptData(block: TcpBlock, segment: Segment): void {
  if (segment.span === 0) {
    if (segment.seq !== block.rcvNxt) acknowledge(block);
    return;
  }
  if (block.orphan && segment.length > 0) {
    emit(block, RST | ACK, block.nxt, 0);
    closeBlock(block, undefined);
    return;
  }
  if (segment.seq > block.rcvNxt) keepEarly(block, segment);
  else takeInOrder(block, segment);
  while (block.early[0] !== undefined && block.early[0].seq <= block.rcvNxt) {
    const next = block.early.shift() as Segment;
    takeInOrder(block, next);
    next.release();
  }
  if (block.state !== 'closed') acknowledge(block);
}

function takeInOrder(block: TcpBlock, segment: Segment): void {
  const known = block.rcvNxt - segment.seq;
  if (known >= segment.span || block.eof) return;
  const { payload, length } = segment;
  if (length > known) {
    block.rcvNxt += block.receiveRing.write(payload, known, length - known);
  }
  const complete = block.rcvNxt === segment.seq + length;
  if (segment.flags & FIN && complete) acceptFin(block);
  block.owner?.changed();
}

function acceptFin(block: TcpBlock): void {
  block.rcvNxt += 1;
  block.eof = true;
  if (block.state === 'established') block.state = 'closeWait';
  else if (block.state === 'finWait1') block.state = 'closing';
  else if (block.state === 'finWait2') enterTimeWait(block);
}

/** Keeps a copy, by sequence number; the link releases its own. */
function keepEarly(block: TcpBlock, segment: Segment): void {
  const { early } = block;
  if (early.length === EARLY_SEGMENTS_MAX) return;
  let at = early.length;
  while (at > 0 && (early[at - 1] as Segment).seq > segment.seq) at -= 1;
  if (early[at - 1]?.seq === segment.seq) return;
  early.splice(at, 0, segment.duplicate());
}
