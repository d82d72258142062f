import { getSystemErrorName } from 'node:util';
import { type Fault, fault } from '../../src/core/fault.ts';
import { faultCodeOf } from '../../src/core/posix-faults.ts';

/** Names an error number in portable words. `answer`: what the call returned, negative. */
export function faultOfErrno(answer: number, call: string): Fault {
  const code = getSystemErrorName(answer);
  return fault(faultCodeOf(code), { code, errno: answer, call });
}
