/** Numbers of Linux's headers, as far as they are the same on x86-64 and arm64. */

export const SYS_IO_URING_SETUP = 425;
export const SYS_IO_URING_ENTER = 426;
export const SYS_IO_URING_REGISTER = 427;

// io_uring_setup: flags, and what the kernel says it has.
export const IORING_SETUP_CQSIZE: number = 1 << 3;
export const IORING_SETUP_SUBMIT_ALL: number = 1 << 7;
export const IORING_SETUP_TASKRUN_FLAG: number = 1 << 9;
export const IORING_SETUP_SINGLE_ISSUER: number = 1 << 12;
export const IORING_SETUP_DEFER_TASKRUN: number = 1 << 13;
export const IORING_FEAT_SINGLE_MMAP: number = 1 << 0;
export const IORING_FEAT_NODROP: number = 1 << 1;
export const IORING_FEAT_CQE_SKIP: number = 1 << 11;
export const IORING_FEAT_RECVSEND_BUNDLE: number = 1 << 14;
export const IORING_OFF_SQ_RING = 0;
export const IORING_OFF_SQES = 0x10000000;

export const IORING_ENTER_GETEVENTS = 1;
export const IORING_SQ_CQ_OVERFLOW: number = 1 << 1;
export const IORING_SQ_TASKRUN: number = 1 << 2;
export const IORING_CQ_EVENTFD_DISABLED = 1;

export const IORING_REGISTER_EVENTFD = 4;
export const IORING_REGISTER_PROBE = 8;
export const IORING_REGISTER_PBUF_RING = 22;
export const IO_URING_OP_SUPPORTED = 1;

export const IORING_OP_NOP = 0;
export const IORING_OP_POLL_ADD = 6;
export const IORING_OP_SENDMSG = 9;
export const IORING_OP_ACCEPT = 13;
export const IORING_OP_ASYNC_CANCEL = 14;
export const IORING_OP_CONNECT = 16;
export const IORING_OP_SEND = 26;
export const IORING_OP_RECV = 27;

export const IOSQE_BUFFER_SELECT: number = 1 << 5;
export const IOSQE_CQE_SKIP_SUCCESS: number = 1 << 6;
export const IORING_RECVSEND_POLL_FIRST = 1;
export const IORING_ACCEPT_POLL_FIRST: number = 1 << 2;
export const IORING_ASYNC_CANCEL_ALL: number = 1 << 0;
export const IORING_ASYNC_CANCEL_ANY: number = 1 << 2;
export const IORING_CQE_F_BUFFER: number = 1 << 0;
export const IORING_CQE_F_SOCK_NONEMPTY: number = 1 << 2;
export const IORING_CQE_BUFFER_SHIFT = 16;

export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLRDHUP = 0x2000;

export const EFD_NONBLOCK = 0o4000;
export const EFD_CLOEXEC = 0o2000000;
export const PROT_READ_WRITE = 3;
export const MAP_SHARED_POPULATE = 0x8001;

export const EBUSY = 16;
export const EINVAL = 22;
export const ENOSYS = 38;
export const ECONNREFUSED = 111;
export const ECANCELED = 125;
