import { epollPort } from '../../adapters/epoll/index.ts';
import { ioUringPort } from '../../adapters/io-uring/index.ts';
import { nodePort } from '../../adapters/node/index.ts';
import type { ProactorPort } from '../core/proactor.ts';

/** The adapters to a real system, as people name them. */
export const ADAPTERS = ['node', 'epoll', 'io-uring'] as const;

export type AdapterName = (typeof ADAPTERS)[number];

/** What every adapter can be told. */
export type CommonPortOptions = {
  /** What becomes of an exception in a callback. Default: Node's `uncaughtException`. */
  readonly uncaught?: (error: unknown) => void;
};

export type OpenPortOptions = CommonPortOptions & {
  /** `auto`, the default: `epoll` where it can be had, `node` elsewhere. */
  readonly adapter?: 'auto' | AdapterName;
  /** Told why `auto` has fallen back to `node`: once, however many ports are opened with it. */
  readonly onFallback?: (reason: string) => void;
};

/** How to make a port of each adapter; throws where the adapter cannot be had. */
export type Openers = Readonly<Record<AdapterName, (options: CommonPortOptions) => ProactorPort>>;

const OPENERS: Openers = { node: nodePort, epoll: epollPort, 'io-uring': ioUringPort };

const told = new WeakSet<(reason: string) => void>();

/**
 * Opens a port. An adapter that was asked for by name and cannot be had is an error that says
 * what to install; `openers` is for tests.
 */
export function openPort(options: OpenPortOptions = {}, openers: Openers = OPENERS): ProactorPort {
  const { adapter = 'auto', onFallback, ...common } = options;
  if (adapter !== 'auto') return openerOf(adapter, openers)(common);
  try {
    return openers.epoll(common);
  } catch (error) {
    if (onFallback !== undefined && !told.has(onFallback)) {
      told.add(onFallback);
      const why = error instanceof Error ? error.message : String(error);
      onFallback(`${why}; using the node adapter instead`);
    }
    return openers.node(common);
  }
}

/** The name may come from a command line. */
function openerOf(adapter: string, openers: Openers): Openers[AdapterName] {
  const name = ADAPTERS.find((known) => known === adapter);
  if (name !== undefined) return openers[name];
  throw new RangeError(`no adapter is called '${adapter}': auto, ${ADAPTERS.join(', ')}`);
}
