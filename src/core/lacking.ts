import type { Capabilities } from './capabilities.ts';
import { type Fault, ownFault } from './fault.ts';
import type { SocketOperation } from './operation.ts';

/** For ports: the fault of an operation that asks for what the port cannot do. */
export function lacking(operation: SocketOperation, can: Capabilities): Fault | undefined {
  const missing = missingFor(operation, can);
  return missing === undefined ? undefined : ownFault('unsupported', missing);
}

function missingFor(operation: SocketOperation, can: Capabilities): string | undefined {
  switch (operation.kind) {
    case 'listen':
      if (operation.reusePort && !can.reusePort) return 'reusePort';
      if (operation.fastOpen > 0 && !can.fastOpen) return 'fastOpen';
      return operation.balance === 'exclusive' && !can.exclusiveAccept ? 'balance' : undefined;
    case 'connect':
      return operation.fastOpen && !can.fastOpen ? 'fastOpen' : undefined;
    case 'adopt':
      return can.adopt ? undefined : 'adopt';
    case 'close':
      return operation.how === 'detach' && !can.detach ? 'detach' : undefined;
    default:
      return undefined;
  }
}
