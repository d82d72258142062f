import { type Fault, fault, ownFault } from '../../src/core/fault.ts';
import {
  AF_UNIX,
  EAGAIN,
  EINTR,
  F_DUPFD_CLOEXEC,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from './constants.ts';
import { ControlMessage } from './control-message.ts';
import {
  DESCRIPTORS_PER_MESSAGE_MAX,
  decodeMessage,
  encodeMessage,
  MESSAGE_BYTES_MAX,
  type PassedDescriptor,
} from './descriptor-message.ts';
import { faultOfErrno } from './fault-of-errno.ts';
import { loadKoffi } from './koffi.ts';
import { type PassingCalls, passingCalls } from './passing-calls.ts';

/** How often a call that a signal interrupted is made again. */
const INTERRUPTS_MAX = 64;
/** The first number that no standard stream has. */
const LOWEST = 3;

/** How it went to send descriptors. `wouldBlock`: the channel is full, and nothing was sent. */
export type DescriptorsSent =
  | { readonly status: 'done' | 'wouldBlock' }
  | { readonly status: 'failed'; readonly fault: Fault };

/** What came. `eof`: the other end is closed. After `failed` the channel is of no more use. */
export type DescriptorsReceived =
  | { readonly status: 'done'; readonly descriptors: readonly PassedDescriptor[] }
  | { readonly status: 'wouldBlock' | 'eof' }
  | { readonly status: 'failed'; readonly fault: Fault };

/** Throws where koffi or Linux is missing. */
export function descriptorPassing(): DescriptorPassing {
  return new DescriptorPassing(passingCalls(loadKoffi('linux')));
}

/**
 * Passes descriptors between processes, over a UNIX socket that both have (SCM_RIGHTS, unix(7)).
 * Nothing waits: to wait, have a port adopt a duplicate of the channel, and peek. Whatever cannot
 * be handed to the caller whole is closed, so that no descriptor leaks.
 */
export class DescriptorPassing {
  readonly #calls: PassingCalls;
  readonly #outgoing: ControlMessage;
  readonly #incoming: ControlMessage;

  constructor(calls: PassingCalls) {
    this.#calls = calls;
    this.#outgoing = new ControlMessage(calls, MESSAGE_BYTES_MAX, DESCRIPTORS_PER_MESSAGE_MAX);
    this.#incoming = new ControlMessage(calls, MESSAGE_BYTES_MAX, DESCRIPTORS_PER_MESSAGE_MAX);
  }

  /** Two connected ends, for this process and one that inherits the other. Both are the caller's. */
  pair(): readonly [number, number] | Fault {
    const ends = new Int32Array(2);
    const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const answer = this.#calls.socketpair(AF_UNIX, type, 0, ends);
    return answer < 0 ? faultOfErrno(answer, 'socketpair') : [ends[0] as number, ends[1] as number];
  }

  /** One more descriptor of the same socket, the caller's to close. */
  duplicate(descriptor: number): number | Fault {
    const answer = this.#calls.fcntl(descriptor, F_DUPFD_CLOEXEC, LOWEST);
    return answer < 0 ? faultOfErrno(answer, 'fcntl') : answer;
  }

  /**
   * Sends 1 to `DESCRIPTORS_PER_MESSAGE_MAX` descriptors, all or none. They stay the caller's, who
   * closes them once they are sent: the other process has its own.
   */
  send(channel: number, passed: readonly PassedDescriptor[]): DescriptorsSent {
    const text = encodeMessage(passed);
    if (text === undefined) return failed(ownFault('badArgument', 'sendmsg'));
    const message = this.#outgoing;
    message.fill(
      text,
      passed.map(({ descriptor }) => descriptor),
    );
    for (let tries = 0; ; tries += 1) {
      const sent = this.#calls.sendmsg(channel, message.words, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent === -EINTR && tries < INTERRUPTS_MAX) continue;
      if (sent === -EAGAIN) return { status: 'wouldBlock' };
      if (sent < 0) return failed(faultOfErrno(sent, 'sendmsg'));
      // The kernel takes so short a text as a whole: unix(7) sends no part of one buffer's worth.
      if (sent < text.length) return failed(ownFault('adapter', 'sendmsg'));
      return { status: 'done' };
    }
  }

  /** Takes the next message. Its descriptors are the caller's, and are closed on exec. */
  receive(channel: number): DescriptorsReceived {
    const message = this.#incoming;
    for (let tries = 0; ; tries += 1) {
      message.empty();
      const flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
      const bytes = this.#calls.recvmsg(channel, message.words, flags);
      if (bytes === -EINTR && tries < INTERRUPTS_MAX) continue;
      if (bytes === -EAGAIN) return { status: 'wouldBlock' };
      if (bytes < 0) return failed(faultOfErrno(bytes, 'recvmsg'));
      const fds = message.received();
      if (bytes === 0 && fds.length === 0) return { status: 'eof' };
      return this.#taken(fds, bytes);
    }
  }

  #taken(fds: readonly number[], bytes: number): DescriptorsReceived {
    const said = decodeMessage(this.#incoming.text.subarray(0, bytes));
    if (said !== undefined && said.length === fds.length && !this.#incoming.cut) {
      const descriptors = said.map((one, i) => ({ ...one, descriptor: fds[i] as number }));
      return { status: 'done', descriptors };
    }
    for (const fd of fds) this.#calls.close(fd);
    // A sender that keeps to the bound is cut short only where this process may have no more.
    const exhausted = this.#incoming.cut && said !== undefined;
    const code = exhausted ? 'fileDescriptors' : 'badArgument';
    const name = this.#incoming.cut ? 'MSG_CTRUNC' : 'SLUICE';
    return failed(fault(code, { code: name, errno: undefined, call: 'recvmsg' }));
  }
}

function failed(why: Fault): { readonly status: 'failed'; readonly fault: Fault } {
  return { status: 'failed', fault: why };
}
