import test from 'ava';
import { requireSupport, setupError } from '../../../adapters/io-uring/kernel-support.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import { real, uringOn } from './uring-rule.ts';

const [EPERM, ENOMEM, EINVAL, ENOSYS] = [-1, -12, -22, -38];

test('a kernel without io_uring is named, with what to do', (t) => {
  const error = t.throws(() => uringOn({ override: () => ({ ringSetup: () => ENOSYS }) }));
  t.regex(error?.message ?? '', /ENOSYS.*the kernel has none.*epoll/);
});

test('a kernel where io_uring is disabled says which setting allows it', (t) => {
  t.regex(setupError(EPERM, '2').message, /io_uring_disabled is 2: 'sysctl kernel\.io_uring_dis/);
  t.regex(setupError(EPERM, '1').message, /io_uring_disabled is 1/);
});

test('where the setting allows it, a seccomp profile is suspected', (t) => {
  t.regex(setupError(EPERM, '0').message, /seccomp/);
  t.regex(setupError(EPERM, undefined).message, /seccomp/);
});

test('a kernel that is too old is told the version that is needed', (t) => {
  t.regex(setupError(EINVAL, '0').message, /Linux 6\.1 or newer/);
});

test('too little locked memory is told how to raise it', (t) => {
  t.regex(setupError(ENOMEM, '0').message, /ulimit -l/);
});

test('what the kernel lacks is named, operation by operation', (t) => {
  const noneProbed = { ...real, ringRegister: () => 0 };
  const error = t.throws(() => requireSupport(noneProbed, 0, 0));
  for (const name of ['IORING_FEAT_NODROP', 'IORING_OP_RECV', 'IORING_OP_SEND']) {
    t.true(error?.message.includes(name), name);
  }
  const notProbed = { ...real, ringRegister: () => EINVAL };
  t.throws(() => requireSupport(notProbed, 0, -1), { message: /IORING_REGISTER_PROBE/ });
});

test('another system is told that this needs Linux', (t) => {
  t.throws(() => loadKoffi('io-uring', 'win32'), { message: /needs Linux, and this is win32/ });
});

test('without koffi the message says how to install it', (t) => {
  const absent = (): never => {
    throw new Error('not found');
  };
  t.throws(() => loadKoffi('io-uring', 'linux', absent), { message: /npm install koffi/ });
});
