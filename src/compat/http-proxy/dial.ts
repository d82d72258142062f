import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { TlsOptions } from './tls-material.ts';

/** How long a connection may take to be there, TLS included, in milliseconds. */
export const DIAL_MS = 60_000;

/** Where a socket goes to. */
export type DialTarget = {
  /** Looked up by Node; every address of it is tried. */
  readonly hostname: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  readonly localAddress: string | undefined;
  readonly tls: TlsOptions | undefined;
};

/** How a dial ends; not at all, once it was given up. */
export type Dialled = {
  connected(socket: Socket): void;
  failed(error: NodeJS.ErrnoException): void;
};

/** Opens a connection. The function that is returned gives it up; call it before the end only. */
export function dial(target: DialTarget, dialled: Dialled): () => void {
  const { hostname, port, socketPath, localAddress, tls } = target;
  const where = socketPath === undefined ? { host: hostname, port } : { path: socketPath };
  // Half open: an end of the one side says nothing about the other.
  const common = {
    ...where,
    allowHalfOpen: true,
    noDelay: true,
    ...(localAddress && { localAddress }),
  };
  const socket =
    tls === undefined
      ? connectPlain(common as Parameters<typeof connectPlain>[0] & object)
      : connectSecure({ ...common, ...tls, ALPNProtocols: ['http/1.1'] });
  const fail = (error: Error) => {
    release();
    socket.on('error', () => {}); // It was told already.
    socket.destroy();
    dialled.failed(readable(error));
  };
  const closed = () => fail(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
  const late = () => {
    const message = `connect ETIMEDOUT ${socketPath ?? `${hostname}:${port}`}`;
    fail(Object.assign(new Error(message), { code: 'ETIMEDOUT', syscall: 'connect' }));
  };
  const connected = () => {
    release();
    dialled.connected(socket);
  };
  const ready = tls === undefined ? 'connect' : 'secureConnect';
  const timer = setTimeout(late, DIAL_MS);
  function release(): void {
    clearTimeout(timer);
    socket.off(ready, connected).off('error', fail).off('close', closed);
  }
  socket.on(ready, connected).on('error', fail).on('close', closed);
  return () => {
    release();
    socket.on('error', () => {});
    socket.destroy();
  };
}

/** Where a name has several addresses, Node's error has a code, and its message is empty. */
function readable(error: Error): Error {
  if (error instanceof AggregateError && error.message === '') {
    error.message = error.errors.map((each: Error) => each.message).join(', ');
  }
  return error;
}
