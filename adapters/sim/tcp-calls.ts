import { ACK, MSS_BYTES, RST, type Segment, SYN } from './segment.ts';
import { TcpBlock, type TcpEnds, type TcpHost } from './tcp-block.ts';
import {
  armTimer,
  closeBlock,
  directPeer,
  emit,
  lingerInBackground,
  movedDirectly,
  output,
  time,
} from './tcp-output.ts';

/** OPEN, active: sends a SYN. */
export function openActive(host: TcpHost, ends: TcpEnds, iss: number): TcpBlock {
  const block = new TcpBlock(host, ends, iss);
  time(block);
  emit(block, SYN, iss, 0);
  block.nxt = iss + 1;
  armTimer(block);
  return block;
}

/** A SYN came to a listener: answers it. */
export function openPassive(host: TcpHost, ends: TcpEnds, iss: number, syn: Segment): TcpBlock {
  const block = new TcpBlock(host, ends, iss);
  block.state = 'synReceived';
  block.rcvNxt = syn.seq + 1;
  block.sendWindow = syn.window;
  block.windowSeq = syn.seq;
  time(block);
  emit(block, SYN | ACK, iss, 0);
  block.nxt = iss + 1;
  armTimer(block);
  return block;
}

/**
 * Puts bytes or latin1 text into the send buffer, or straight into the peer's receive buffer;
 * returns how many found room. `output` sends them.
 */
export function put(
  block: TcpBlock,
  source: Uint8Array | string,
  start: number,
  length: number,
): number {
  let taken = 0;
  if (block.sendRing.size === 0) {
    const peer = directPeer(block);
    if (peer !== undefined) {
      taken = peer.receiveRing.write(source, start, length);
      movedDirectly(block, peer, taken);
    }
  }
  return taken + block.sendRing.write(source, start + taken, length - taken);
}

/** Reads up to `length` bytes; the peer is told when that opened the window. */
export function read(block: TcpBlock, target: Uint8Array, at: number, length: number): number {
  const bytes = Math.min(length, block.readable);
  if (bytes === 0) return 0;
  block.receiveRing.copyTo(target, at, bytes, 0);
  drop(block, bytes);
  return bytes;
}

/** Reads up to `length` bytes and forgets them. */
export function discard(block: TcpBlock, length: number): number {
  const bytes = Math.min(length, block.readable);
  if (bytes > 0) drop(block, bytes);
  return bytes;
}

function drop(block: TcpBlock, bytes: number): void {
  const { receiveRing } = block;
  receiveRing.drop(bytes);
  block.pace?.spend(bytes);
  const opened = receiveRing.free - block.toldWindow;
  if (opened < Math.min(MSS_BYTES, receiveRing.capacity / 2)) return;
  if (block.eof || !block.synchronized) return;
  tellWindow(block);
}

/** Where the way is calm the sender is told at once; otherwise the ACK may be lost, as usual. */
export function tellWindow(block: TcpBlock): void {
  const sender = block.link.to.connection(block.peerKey);
  if (!block.link.direct) emit(block, ACK, block.nxt, 0);
  if (sender === undefined) return;
  if (block.link.direct && sender.rcvNxt === block.nxt) {
    block.toldWindow = block.receiveRing.free;
    sender.sendWindow = block.toldWindow;
    output(sender);
    if (sender.writeReady) sender.owner?.changed();
  } else {
    armTimer(sender); // Its probe has a point now, so the world waits for it.
  }
}

/** CLOSE: no more bytes will be sent; receiving goes on. */
export function shutdown(block: TcpBlock): void {
  if (block.finSeq >= 0 || !block.synchronized) return;
  block.finSeq = block.una + block.sendRing.size;
  block.state = block.state === 'closeWait' ? 'lastAck' : 'finWait1';
  output(block);
}

/** ABORT: what is unsent is dropped, and the peer gets a RST. */
export function abort(block: TcpBlock): void {
  block.owner = undefined;
  block.orphan = true;
  stopPace(block);
  const known = block.state !== 'synSent' && block.state !== 'closed';
  if (known && block.state !== 'timeWait') emit(block, RST | ACK, block.nxt, 0);
  closeBlock(block, undefined);
  block.receiveRing.clear();
}

/** The application has gone. What it sent is still delivered; what it did not read is a RST. */
export function release(block: TcpBlock): void {
  if (block.state === 'closed' || !block.synchronized || block.receiveRing.size > 0) {
    abort(block);
    return;
  }
  block.owner = undefined;
  block.orphan = true;
  stopPace(block);
  shutdown(block);
  if (block.state === 'finWait2') lingerInBackground(block);
}

function stopPace(block: TcpBlock): void {
  if (block.pace !== undefined) block.host.network.events.cancel(block.pace);
}
