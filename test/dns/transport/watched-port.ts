import { type Fault, fault } from '../../../src/core/fault.ts';
import { begin, type Operation, type Outcome } from '../../../src/core/operation.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';

/** A notice that nobody is there, as Linux says it. */
export const REFUSED: Fault = fault('refused', {
  code: 'ECONNREFUSED',
  errno: -111,
  call: 'recvmsg',
});

export type Watched = {
  readonly port: ProactorPort;
  /** Every operation that was submitted, as often as it was. */
  readonly submitted: Operation[];
  /** `kind status socket`, in the order of completion. */
  readonly completed: string[];
  /** Looks at an operation before it is submitted; `true`: it is not, the test has ended it. */
  intercept: (operation: Operation) => boolean;
  /** Ends an operation in place of the port. */
  end(operation: Operation, outcome: Outcome, why?: Operation['fault']): void;
};

/** The port that it is given, with an eye on what is submitted and how it ends. */
export function watched(port: ProactorPort): Watched {
  const submitted: Operation[] = [];
  const completed: string[] = [];
  const watching = new WeakSet<Operation>();
  function watch(operation: Operation): void {
    if (watching.has(operation)) return;
    watching.add(operation);
    const { onComplete } = operation;
    operation.onComplete = (ended) => {
      completed.push(`${ended.kind} ${ended.status} ${'socket' in ended ? ended.socket : ''}`);
      onComplete(ended);
    };
  }
  const self: Watched = {
    submitted,
    completed,
    intercept: () => false,
    end(operation, outcome, why) {
      begin(operation, undefined);
      operation.fault = why;
      port.loop.completeSoon(operation, outcome);
    },
    port: {
      get name() {
        return port.name;
      },
      get openSockets() {
        return port.openSockets;
      },
      capabilities: port.capabilities,
      loop: port.loop,
      counters: port.counters,
      localEndpoint: (socket) => port.localEndpoint(socket),
      remoteEndpoint: (socket) => port.remoteEndpoint(socket),
      close: (onClosed) => port.close(onClosed),
      cancel: (operation) => port.cancel(operation),
      submit(operation) {
        submitted.push(operation);
        watch(operation);
        if (!self.intercept(operation)) port.submit(operation);
      },
    },
  };
  return self;
}
