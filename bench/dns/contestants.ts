import { Resolver as NodeResolver } from 'node:dns';
import { type AdapterName, openPort } from 'sluice/cli';
import { Resolver } from 'sluice/dns';
import { ZONE } from './nsd.ts';

/** Asks for the addresses of a name. */
export type Ask = (name: string, done: (count: number) => void) => void;

/** A resolver under measurement. */
export type Contestant = {
  readonly ask: Ask;
  /** The same through the interface of `dns.lookup`, where there is one with a cache. */
  readonly lookup?: Ask;
  readonly peek?: (name: string) => number;
  /** Queries that went over the wire. */
  readonly sent?: () => number;
  readonly close: () => Promise<void>;
};

export const CONTESTANTS = ['node:dns', 'sluice@node', 'sluice@epoll', 'sluice@io-uring'] as const;

export type ContestantName = (typeof CONTESTANTS)[number];

export function makeContestant(name: ContestantName, port: number): Contestant {
  return name === 'node:dns' ? nodeDns(port) : sluice(name.slice('sluice@'.length), port);
}

function nodeDns(port: number): Contestant {
  const resolver = new NodeResolver();
  resolver.setServers([`127.0.0.1:${port}`]);
  return {
    ask: (name, done) => {
      resolver.resolve4(name, (error, addresses) => {
        if (error !== null) throw error;
        done(addresses.length);
      });
    },
    close: async () => resolver.cancel(),
  };
}

function sluice(adapter: string, port: number): Contestant {
  const core = openPort({ adapter: adapter as AdapterName });
  const resolver = new Resolver(core, { servers: [`127.0.0.1:${port}`], families: [4] });
  return {
    ask: (name, done) => {
      resolver.resolve(name, 'A').then(({ records }) => done(records.length), fail);
    },
    lookup: (name, done) => {
      resolver.lookup(name, { all: true }, (error, addresses) => {
        if (error !== null) throw error;
        done(addresses.length);
      });
    },
    peek: (name) => resolver.peek(name)?.addresses.length ?? 0,
    sent: () => resolver.stats().servers.reduce((sum, { queries }) => sum + queries, 0),
    close: async () => {
      await resolver[Symbol.asyncDispose]();
      await new Promise<void>((resolve) => core.close(resolve));
    },
  };
}

/** In a turn of its own, so that it ends the process. */
function fail(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** A name that nobody has asked for before. */
export function freshName(number: number): string {
  return `n${number}.${ZONE}`;
}
