import { NO_SOCKET } from '../operation.ts';
import {
  adoptOperation,
  closeOperation,
  connectOperation,
  listenOperation,
  udpOpenOperation,
} from '../operations.ts';
import type { ProactorPort } from '../proactor.ts';
import { Begun } from './begun.ts';
import type { OpenOperation } from './kinds.ts';

/** A listen, connect, udpOpen or adopt that the proactor carries out for a reactor's caller. */
export class Opening extends Begun<OpenOperation> {
  declare readonly caller: OpenOperation;
  readonly #port: ProactorPort;
  readonly #onEnd: () => void;
  #abandoned = false;

  constructor(port: ProactorPort, caller: OpenOperation, onEnd: () => void) {
    super(caller, copyOf(caller), caller.kind === 'listen' ? 'read' : 'write');
    this.own.onComplete = () => this.#ended();
    this.#port = port;
    this.#onEnd = onEnd;
  }

  override abandon(): void {
    this.#abandoned = true;
    if (this.own.status === 'pending') this.#port.cancel(this.own);
    else this.#disposeSocket();
  }

  #ended(): void {
    if (this.#abandoned) this.#disposeSocket();
    else this.#onEnd();
  }

  /** A success that came too late leaves no socket, and takes nothing from the caller. */
  #disposeSocket(): void {
    if (this.own.status !== 'done' || this.own.socket === NO_SOCKET) return;
    const close = closeOperation(this.own.socket, () => {});
    close.how = this.own.kind === 'adopt' ? 'detach' : 'reset';
    this.#port.submit(close);
  }
}

function copyOf(caller: OpenOperation): OpenOperation {
  switch (caller.kind) {
    case 'listen': {
      const own = listenOperation(caller.endpoint, ignore);
      own.backlog = caller.backlog;
      own.reusePort = caller.reusePort;
      own.fastOpen = caller.fastOpen;
      own.balance = caller.balance;
      return own;
    }
    case 'connect': {
      const own = connectOperation(caller.endpoint, ignore);
      own.local = caller.local;
      own.fastOpen = caller.fastOpen;
      return own;
    }
    case 'udpOpen': {
      const own = udpOpenOperation(caller.local, ignore);
      own.remote = caller.remote;
      return own;
    }
    case 'adopt': {
      const own = adoptOperation(caller.descriptor, caller.as, ignore);
      own.balance = caller.balance;
      return own;
    }
    default:
      return caller satisfies never;
  }
}

function ignore(): void {}
