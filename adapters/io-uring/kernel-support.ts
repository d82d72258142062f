import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { ENOMEM, EPERM } from '../linux/constants.ts';
import {
  EINVAL,
  ENOSYS,
  IO_URING_OP_SUPPORTED,
  IORING_FEAT_CQE_SKIP,
  IORING_FEAT_NODROP,
  IORING_FEAT_SINGLE_MMAP,
  IORING_OP_ACCEPT,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_CONNECT,
  IORING_OP_NOP,
  IORING_OP_POLL_ADD,
  IORING_OP_RECV,
  IORING_OP_SEND,
  IORING_OP_SENDMSG,
  IORING_REGISTER_PROBE,
} from './constants.ts';
import type { SystemCalls } from './system-calls.ts';

const DISABLED_FILE = '/proc/sys/kernel/io_uring_disabled';

const OPERATIONS: Readonly<Record<string, number>> = {
  NOP: IORING_OP_NOP,
  POLL_ADD: IORING_OP_POLL_ADD,
  SENDMSG: IORING_OP_SENDMSG,
  ACCEPT: IORING_OP_ACCEPT,
  ASYNC_CANCEL: IORING_OP_ASYNC_CANCEL,
  CONNECT: IORING_OP_CONNECT,
  SEND: IORING_OP_SEND,
  RECV: IORING_OP_RECV,
};

const FEATURES: Readonly<Record<string, number>> = {
  IORING_FEAT_SINGLE_MMAP,
  IORING_FEAT_NODROP,
  IORING_FEAT_CQE_SKIP,
};

// struct io_uring_probe: 16 bytes of head, then 8 bytes for each operation.
const PROBE_HEAD_BYTES = 16;
const PROBE_ENTRY_BYTES = 8;
const PROBE_ENTRIES = 256;

/** Why there is no ring, and what to do. `error`: what io_uring_setup answered, negative. */
export function setupError(error: number, disabled: string | undefined = disabledSetting()): Error {
  return new Error(`no io_uring (${getSystemErrorName(error)}): ${remedy(-error, disabled)}`);
}

function remedy(errno: number, disabled: string | undefined): string {
  switch (errno) {
    case ENOSYS:
      return 'the kernel has none, or a seccomp profile hides it (containers: allow io_uring_setup, io_uring_enter and io_uring_register); the epoll adapter works without';
    case EPERM:
      return disabled === undefined || disabled === '0'
        ? 'a seccomp profile or a security module forbids it (containers: allow io_uring_setup, io_uring_enter and io_uring_register); the epoll adapter works without'
        : `${DISABLED_FILE} is ${disabled}: 'sysctl kernel.io_uring_disabled=0' allows it; the epoll adapter works without`;
    case EINVAL:
      return 'this adapter needs Linux 6.1 or newer (IORING_SETUP_DEFER_TASKRUN); the epoll adapter works without';
    case ENOMEM:
      return "too little memory may be locked: raise 'ulimit -l'";
    default:
      return 'io_uring_setup failed';
  }
}

/** Names what this kernel lacks of what the adapter uses; throws when that is anything. */
export function requireSupport(calls: SystemCalls, ring: number, features: number): void {
  const missing = Object.keys(FEATURES).filter((name) => (features & (FEATURES[name] ?? 0)) === 0);
  const probe = Buffer.alloc(PROBE_HEAD_BYTES + PROBE_ENTRIES * PROBE_ENTRY_BYTES);
  const answer = calls.ringRegister(ring, IORING_REGISTER_PROBE, probe, PROBE_ENTRIES);
  if (answer < 0) missing.push('IORING_REGISTER_PROBE');
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const flags = probe.readUInt16LE(PROBE_HEAD_BYTES + operation * PROBE_ENTRY_BYTES + 2);
    if ((flags & IO_URING_OP_SUPPORTED) === 0) missing.push(`IORING_OP_${name}`);
  }
  if (missing.length === 0) return;
  throw new Error(`this kernel's io_uring lacks ${missing.join(', ')}: Linux 6.1 has them all`);
}

function disabledSetting(): string | undefined {
  try {
    return readFileSync(DISABLED_FILE, 'latin1').trim();
  } catch {
    return undefined; // Kernels before 6.6 do not have it.
  }
}
