import type { Endpoint } from '../core/endpoint.ts';
import type { Recorded } from './load.ts';
import type { Paths } from './paths.ts';
import type { Identity } from './user.ts';

/** A listening socket as a worker gets it: the descriptor is its own. */
export type GivenSocket = {
  readonly key: string;
  readonly udp: boolean;
  readonly endpoint: Endpoint;
  readonly descriptor: number;
};

/** Memory that a worker shares with others: the descriptor is its own. */
export type GivenZone = {
  readonly id: string;
  /** Processes that the memory has room for. */
  readonly slots: number;
  readonly bytes: number;
  readonly descriptor: number;
};

/** What a worker needs to begin. */
export type WorkerOrder = {
  readonly kind: 'start';
  readonly paths: Paths;
  readonly globals: string;
  readonly recorded: Recorded;
  readonly sockets: readonly GivenSocket[];
  readonly zones: readonly GivenZone[];
  /** Which of the processes that share zones this one is. */
  readonly slot: number;
  /** Do other workers accept from the same descriptors? */
  readonly shared: boolean;
  readonly identity: Identity | undefined;
};

/** What the master says. */
export type MasterMessage = WorkerOrder | { readonly kind: 'quit' | 'stop' | 'reopen' };

/** What a worker says: it takes connections. */
export type WorkerMessage = { readonly kind: 'ready' };

/** Exit status of a worker that cannot work: another one could not, either. */
export const FATAL_STATUS = 2;
