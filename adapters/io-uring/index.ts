import { loadKoffi } from '../linux/koffi.ts';
import { linuxCalls } from './linux-calls.ts';
import { UringPort, type UringPortOptions } from './uring-port.ts';

export type { PassedDescriptor } from '../linux/descriptor-message.ts';
export {
  type DescriptorPassing,
  type DescriptorsReceived,
  type DescriptorsSent,
  descriptorPassing,
} from '../linux/descriptor-passing.ts';
export type { UringPortOptions } from './uring-port.ts';

/**
 * Linux's io_uring, from Linux 6.1 on. Throws, and says what to do, where koffi or Linux is
 * missing, the kernel is too old, or io_uring is not allowed.
 */
export function ioUringPort(options: UringPortOptions = {}): UringPort {
  const koffi = loadKoffi('io-uring');
  return new UringPort(koffi, linuxCalls(koffi), options);
}
