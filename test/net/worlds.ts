import test, { type ExecutionContext } from 'ava';
import { SimProactor, SimWorld } from '../../adapters/sim/index.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import { timerOperation } from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { connect, listen, poolOf, type Stream } from '../../src/net/index.ts';
import { bulkPoolOf } from '../../src/net/pool-of.ts';
import { REAL_PORTS } from '../support/real-ports.ts';

/** One adapter with an address of its own to listen on. */
export type World = {
  readonly name: string;
  readonly port: ProactorPort;
  /** A free port of the adapter's own host. */
  readonly any: Endpoint;
  /** Lets the world go on until `promise` is settled. */
  drive<Value>(promise: Promise<Value>): Promise<Value>;
};

const WORLDS: Readonly<Record<string, () => World>> = {
  ...Object.fromEntries(
    Object.entries(REAL_PORTS).map(([name, open]) => [name, () => real(name, open())]),
  ),
  sim: () => {
    const world = new SimWorld({ seed: 1 });
    return {
      name: 'sim',
      port: new SimProactor(world.local),
      any: { family: 'ipv4', address: '127.0.0.1', port: 0 },
      drive: (promise) => world.drive(promise),
    };
  },
};

/** The machine's own network, which goes on by itself. */
function real(name: string, port: ProactorPort): World {
  const any = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
  return { name, port, any, drive: (promise) => promise };
}

export type Rule = (t: ExecutionContext, world: World) => Promise<void>;

/** Runs a rule in every world; at its end nothing may be left: no socket, no lent chunk. */
export function rule(title: string, body: Rule): void {
  for (const [name, create] of Object.entries(WORLDS)) {
    test(`${title} (${name})`, async (t) => {
      t.timeout(20_000, 'the rule has not ended');
      const world = create();
      try {
        await world.drive(body(t, world));
      } finally {
        await world.drive(closed(world.port));
      }
      t.is(world.port.openSockets, 0, 'no socket is left');
      t.is(world.port.loop.pendingTimers, 0, 'no timer is left');
      t.is(poolOf(world.port).lent, 0, 'no chunk is lent');
      t.is(bulkPoolOf(world.port)?.lent ?? 0, 0, 'no large chunk is lent');
    });
  }
}

export function closed(port: ProactorPort): Promise<void> {
  return new Promise((resolve) => port.close(resolve));
}

/** Both ends of a new connection: who connected, and who accepted. */
export async function pair(world: World): Promise<[Stream, Stream]> {
  const listener = await listen(world.port, world.any);
  const ends = await Promise.all([connect(world.port, listener.endpoint), listener.accept()]);
  await listener.close();
  return ends;
}

/** Does `promise` end within `ms` on the world's clock? */
export function within(world: World, promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = timerOperation(() => resolve(false));
    timer.atMs = world.port.loop.nowMs() + ms;
    world.port.submit(timer);
    promise.then(() => {
      world.port.cancel(timer);
      resolve(true);
    }, reject);
  });
}

/** Sends `chunk` again and again until a send has to wait: `waiting`, the last of `sent` bytes. */
export async function fill(
  world: World,
  stream: Stream,
  chunk: Uint8Array,
): Promise<{ sent: number; waiting: Promise<void> }> {
  let sent = 0;
  for (;;) {
    const waiting = stream.send(chunk);
    sent += chunk.length;
    // Twice, because on a busy machine the time may pass without a turn of the loop.
    const ended = (await within(world, waiting, 150)) || (await within(world, waiting, 50));
    if (!ended) return { sent, waiting };
  }
}

/** All that comes until the end of the stream, as latin1 text. */
export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += Buffer.from(chunk).toString('latin1');
  return text;
}

/** Receives exactly `bytes` as latin1 text. */
export async function textOfBytes(stream: Stream, bytes: number): Promise<string> {
  const buffer = Buffer.alloc(bytes);
  const received = await stream.recvInto([buffer], { minBytes: bytes });
  return buffer.toString('latin1', 0, received);
}
