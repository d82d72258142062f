import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Outbox } from '../../src/core/outbox/outbox.ts';
import type { Port } from '../../src/core/port.ts';

/** How many datagrams a socket of a `limited` port queues. */
export const LIMITED_DATAGRAMS = 64;

/** What a port under test needs from outside: made anew for every rule. */
export type Site<P extends Port> = {
  readonly port: P;
  /** Another port in the same process that can reach the first one. */
  another(): P;
  /** Lets the next thing happen. `false`: by itself nothing will ever happen any more. */
  step(): boolean | Promise<boolean>;
  /** Lets `ms` milliseconds of the port's clock pass. */
  elapse(ms: number): void | Promise<void>;
  /** How long to wait for what must happen, in milliseconds on the port's clock. */
  readonly patienceMs: number;
  /** How long something may take that must not happen, in milliseconds on the port's clock. */
  readonly settleMs: number;
  /** What callbacks threw, as the ports reported it. */
  readonly uncaught: unknown[];
  /** The machine's own address; the system chooses the port. */
  loopback(family: 'ipv4' | 'ipv6'): Endpoint;
  /** No route leads there. */
  readonly unreachable: Endpoint;
  /** A connect to it neither succeeds nor fails. */
  silent(): Endpoint | Promise<Endpoint>;
  /** An open file with this content; closed by `end`. */
  file(content: Uint8Array): number;
  /** More than the socket buffers of both ends and the outbox of a bridge hold together. */
  readonly floodBytes: number;
  /** How many connections the rules about crowds open. */
  readonly crowd: number;
  /** Lets only `spare` more sockets be made, until the answer is called. */
  exhaust?(spare: number): () => void;
  /** A port whose datagram sockets queue `LIMITED_DATAGRAMS` and then drop; where it queues. */
  limited?(drop: 'newest' | 'oldest'): P;
  /** Another outbox than the core's, for the tests of the suite itself. */
  readonly outbox?: typeof Outbox;
  /** Ends what is not the ports' own. The ports are closed already. */
  end(): void;
};

/** How the suite makes one kind of port. */
export type Fixture<P extends Port> = {
  /** Stands before each title: the adapter, and how it is bridged. */
  readonly name: string;
  create(): Site<P> | Promise<Site<P>>;
  /** Title → why this adapter cannot keep the rule. */
  readonly skip?: Readonly<Record<string, string>>;
};

/** The same fixture with every port wrapped: by a bridge, or by a mutant. */
export function wrapped<P extends Port, Q extends Port>(
  fixture: Fixture<P>,
  name: string,
  wrap: (port: P) => Q,
): Fixture<Q> {
  return {
    ...fixture,
    name,
    create: async () => {
      const site = await fixture.create();
      const { limited, ...others } = site;
      return {
        ...others,
        port: wrap(site.port),
        another: () => wrap(site.another()),
        ...(limited && { limited: (drop) => wrap(limited(drop)) }),
      };
    },
  };
}
