import { proactorFrom } from '../../src/core/bridge/proactor-from-reactor.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { loadKoffi } from '../linux/koffi.ts';
import { EpollReactor } from './epoll-reactor.ts';
import { linuxCalls } from './linux-calls.ts';

export type { PassedDescriptor } from '../linux/descriptor-message.ts';
export {
  type DescriptorPassing,
  type DescriptorsReceived,
  type DescriptorsSent,
  descriptorPassing,
} from '../linux/descriptor-passing.ts';

export type EpollPortOptions = {
  /** What becomes of an exception in a callback. Default: Node's `uncaughtException`. */
  readonly uncaught?: (error: unknown) => void;
};

/** Linux's epoll with the reactor's face. Throws where koffi or Linux is missing. */
export function epollReactor(options: EpollPortOptions = {}): EpollReactor {
  const koffi = loadKoffi('epoll');
  return new EpollReactor(koffi, linuxCalls(koffi), options.uncaught);
}

/** The same with the proactor's face, which `src/net`, `src/http` and `src/proxy` work on. */
export function epollPort(options: EpollPortOptions = {}): ProactorPort {
  return proactorFrom(epollReactor(options));
}
