import { closeSync } from 'node:fs';
import type { AdoptOperation, SocketKind } from '../core/operation.ts';
import { NO_SOCKET } from '../core/operation.ts';
import { adoptOperation, closeOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { keyOf, type Listening } from './listening-sockets.ts';

/** Descriptors that a process is given begin here (sd_listen_fds(3)). */
export const FIRST_DESCRIPTOR = 3;
/** Of both kinds together. */
export const INHERITED_MAX: number = 1024;

/** Listening sockets that whoever started this process has opened. */
export type InheritedSockets = {
  /** The socket of this address; taken once. */
  take(key: string): Listening | undefined;
  /** What nobody has taken. */
  readonly rest: readonly Listening[];
  /** Nobody will take the rest: who connects there must not wait for ever. */
  closeRest(): void;
};

/** What the environment says of descriptors. */
export type Inheritance = {
  readonly descriptors: readonly number[];
  /** From an older program like this one (`NGINX`), or from a service manager (`LISTEN_FDS`)? */
  readonly from: 'program' | 'manager' | undefined;
  /** As it was written. */
  readonly text: string;
};

/** Reads `NGINX=3;4;`, or `LISTEN_FDS` where `LISTEN_PID` is this process. */
export function inheritanceOf(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): Inheritance {
  const { NGINX: text, LISTEN_FDS: count, LISTEN_PID: owner } = environment;
  if (text !== undefined) {
    const descriptors = text
      .split(/[;:]/)
      .filter((number) => /^\d{1,7}$/.test(number))
      .slice(0, INHERITED_MAX)
      .map(Number);
    return { descriptors, from: 'program', text };
  }
  if (count === undefined || Number(owner) !== pid || !/^\d{1,4}$/.test(count)) return NOTHING;
  const length = Math.min(Number(count), INHERITED_MAX);
  const descriptors = Array.from({ length }, (_, i) => FIRST_DESCRIPTOR + i);
  return { descriptors, from: 'manager', text: count };
}

const NOTHING: Inheritance = { descriptors: [], from: undefined, text: '' };

/** Finds out what the descriptors are; what is no listening socket is left alone. */
export async function inheritSockets(
  port: ProactorPort,
  { descriptors, from }: Inheritance,
): Promise<InheritedSockets> {
  const found = new Map<string, Listening>();
  if (!port.capabilities.adopt || !port.capabilities.detach) return new Found(found);
  for (const descriptor of descriptors) {
    const listening = await inspect(port, descriptor, from === 'manager');
    if (listening === undefined) continue;
    let { key } = listening;
    for (let share = 1; found.has(key); share += 1) key = `${listening.key} #${share}`;
    found.set(key, { ...listening, key });
  }
  return new Found(found);
}

class Found implements InheritedSockets {
  readonly #found: Map<string, Listening>;

  constructor(found: Map<string, Listening>) {
    this.#found = found;
  }

  take(key: string): Listening | undefined {
    const found = this.#found.has(key) ? key : key.replace(/ #0$/, '');
    const listening = this.#found.get(found);
    this.#found.delete(found);
    return listening === undefined ? undefined : { ...listening, key };
  }

  get rest(): readonly Listening[] {
    return [...this.#found.values()];
  }

  closeRest(): void {
    for (const { descriptor } of this.rest) closeSync(descriptor);
    this.#found.clear();
  }
}

async function inspect(
  port: ProactorPort,
  descriptor: number,
  lent: boolean,
): Promise<Listening | undefined> {
  for (const as of ['listener', 'datagrams'] as const) {
    const adopted = await adopt(port, descriptor, as);
    if (adopted.status !== 'done') continue;
    const endpoint = adopted.bound;
    const back = await giveBack(port, adopted);
    if (endpoint === undefined || back < 0) return undefined;
    const udp = as === 'datagrams';
    return { key: keyOf(endpoint, udp), udp, endpoint, descriptor: back, socket: NO_SOCKET, lent };
  }
  return undefined;
}

function adopt(port: ProactorPort, descriptor: number, as: SocketKind): Promise<AdoptOperation> {
  return new Promise((resolve) => port.submit(adoptOperation(descriptor, as, resolve)));
}

function giveBack(port: ProactorPort, { socket }: AdoptOperation): Promise<number> {
  return new Promise((resolve) => {
    const close = closeOperation(socket, ({ status, descriptor }) =>
      resolve(status === 'done' ? descriptor : -1),
    );
    close.how = 'detach';
    port.submit(close);
  });
}
