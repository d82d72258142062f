import type { Endpoint } from '../core/endpoint.ts';
import { connectOperation } from '../core/operations.ts';
import type { ProactorPort } from '../core/proactor.ts';
import { formatEndpoint, parseEndpoint } from './address.ts';
import { connectRace, type RaceOptions } from './connect-race.ts';
import { IoError } from './io-error.ts';
import { parseIp } from './ip.ts';
import { type ConnectOptions, Stream } from './stream.ts';
import { perform } from './wait.ts';

/** A host by its name, or its address without brackets. */
export type HostTarget = { readonly host: string; readonly port: number };

/** Whoever knows addresses of names: a `Resolver` of `sluice/dns`, or a table of one's own. */
export interface AddressSource {
  /** In the order in which they are to be tried. The signal says that nobody waits any more. */
  addresses(
    name: string,
    call: { readonly signal: AbortSignal },
  ): Promise<{ readonly addresses: readonly { readonly address: string }[] }>;
}

export type ConnectHostOptions = RaceOptions & {
  readonly resolver: AddressSource;
};

/** Opens a connection to an address. A deadline or an abort leaves no socket behind. */
export function connect(
  port: ProactorPort,
  endpoint: Endpoint | string,
  options?: ConnectOptions,
): Promise<Stream>;
/**
 * Opens a connection to a host: to whichever of its addresses answers first, see `connectRace`. The
 * deadline and the signal are for all of it. What the resolver rejects with comes through as it is.
 */
export function connect(
  port: ProactorPort,
  host: HostTarget,
  options: ConnectHostOptions,
): Promise<Stream>;
export async function connect(
  port: ProactorPort,
  target: Endpoint | string | HostTarget,
  options: ConnectOptions | ConnectHostOptions = {},
): Promise<Stream> {
  if (typeof target !== 'string' && 'host' in target) {
    return connectHost(port, target, options as ConnectHostOptions);
  }
  const remote = typeof target === 'string' ? parseEndpoint(target) : target;
  const operation = connectOperation(remote, () => {});
  const { local } = options;
  operation.local = typeof local === 'string' ? parseEndpoint(local, { port: 0 }) : local;
  const take = () => new Stream(port, operation.socket);
  return perform(port, operation, { ...options, take, about: formatEndpoint(remote) });
}

async function connectHost(
  port: ProactorPort,
  { host, port: number }: HostTarget,
  { resolver, ...options }: ConnectHostOptions,
): Promise<Stream> {
  if (typeof parseIp(host) === 'object') {
    return connectRace(port, [parseEndpoint(host, { port: number })], options);
  }
  const over = new AbortController();
  try {
    return await connectRace(port, resolved(resolver, host, number, over.signal), options);
  } finally {
    over.abort(new IoError({ code: 'cancelled', call: 'connect' }, { about: host }));
  }
}

async function* resolved(
  resolver: AddressSource,
  name: string,
  port: number,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { addresses } = await resolver.addresses(name, { signal });
  for (const { address } of addresses) {
    yield address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }
}
