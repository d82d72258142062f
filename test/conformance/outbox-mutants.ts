import type { BufferPool } from '../../src/core/buffer-pool.ts';
import type { SocketId } from '../../src/core/operation.ts';
import { Outbox, type OutboxOwner } from '../../src/core/outbox/outbox.ts';
import { FULL_BYTES } from '../../src/core/outbox/water-marks.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';

/** Sends what fits of an append that it refuses. */
class PartTaker extends Outbox {
  override append(bytes: Uint8Array): boolean {
    if (super.append(bytes)) return true;
    super.append(bytes.subarray(0, FULL_BYTES - this.queuedBytes));
    return false;
  }
}

/** Knows no limit. */
class Hoarder extends Outbox {
  override append(bytes: Uint8Array): boolean {
    return super.append(bytes) || this.queuedBytes > 0;
  }
}

/** Signals `high` again with every append above the mark. */
class Alarmist extends Outbox {
  readonly #owner: OutboxOwner;

  constructor(port: ProactorPort, pool: BufferPool, owner: OutboxOwner, socket?: SocketId) {
    super(port, pool, owner, socket);
    this.#owner = owner;
  }

  override append(bytes: Uint8Array): boolean {
    const wasHigh = this.level === 'high';
    const taken = super.append(bytes);
    if (wasHigh && taken) this.#owner.outboxLevel('high');
    return taken;
  }
}

/** Never says that it has room again. */
class Sulker extends Outbox {
  constructor(port: ProactorPort, pool: BufferPool, owner: OutboxOwner, socket?: SocketId) {
    const deaf: OutboxOwner = {
      outboxLevel: (level) => {
        if (level === 'high') owner.outboxLevel(level);
      },
      outboxDrained: () => owner.outboxDrained(),
      outboxBroken: (send) => owner.outboxBroken(send),
    };
    super(port, pool, deaf, socket);
  }
}

/** Sends with every append instead of once per turn. */
class Hasty extends Outbox {
  override append(bytes: Uint8Array): boolean {
    const taken = super.append(bytes);
    this.flush();
    return taken;
  }
}

/** Does not hold anything back. */
class Uncorked extends Outbox {
  override cork(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }
}

/** Every outbox that breaks law 10, or what section 3.4 says of batches. */
export const OUTBOX_MUTATIONS: Readonly<Record<string, typeof Outbox>> = {
  'takes a part of what it refuses': PartTaker,
  'refuses nothing': Hoarder,
  'signals high more than once per crossing': Alarmist,
  'never signals low': Sulker,
  'makes more than one batch per turn': Hasty,
  'ignores corks': Uncorked,
};
