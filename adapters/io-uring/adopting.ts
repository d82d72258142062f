import type { Fault } from '../../src/core/fault.ts';
import type { AdoptOperation } from '../../src/core/operation.ts';
import { prepareToAdopt } from '../linux/adopting.ts';
import type { Driver } from './driver.ts';
import { localEndpoint } from './opening.ts';

/**
 * Makes a descriptor of somebody else's a socket of the port's, if it is what the operation says.
 * `balance` needs nothing: a waiting accept takes a wake-up for itself alone in any case, and a
 * listener without one takes none.
 */
export function adoptDescriptor(driver: Driver, operation: AdoptOperation): Fault | undefined {
  operation.bound = undefined;
  const found = prepareToAdopt(driver.calls, operation);
  if (!('family' in found)) return found;
  const socket = driver.adopt(operation.descriptor, operation.as, found.family);
  socket.remote = found.remote;
  operation.socket = socket.id;
  operation.bound = localEndpoint(driver, socket);
  return undefined;
}
