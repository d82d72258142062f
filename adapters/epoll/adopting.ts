import type { AdoptOperation } from '../../src/core/operation.ts';
import { prepareToAdopt } from '../linux/adopting.ts';
import { EpollSocket } from './epoll-socket.ts';
import type { Opened } from './opening.ts';
import type { SystemCalls } from './system-calls.ts';

/** A descriptor of somebody else's as a socket of the port's, if it is what the operation says. */
export function adoptDescriptor(calls: SystemCalls, operation: AdoptOperation): Opened {
  const found = prepareToAdopt(calls, operation);
  if (!('family' in found)) return found;
  const socket = new EpollSocket(operation.descriptor, operation.as, found.family);
  socket.remote = found.remote;
  socket.adopted = true;
  socket.exclusive = operation.as === 'listener' && operation.balance === 'exclusive';
  return socket;
}
