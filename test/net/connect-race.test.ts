import test, { type ExecutionContext } from 'ava';
import { SimProactor, type SimRandom, SimWorld } from '../../adapters/sim/index.ts';
import { ownFault } from '../../src/core/fault.ts';
import type { Operation } from '../../src/core/operation.ts';
import { timerOperation } from '../../src/core/operations.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';
import { RACE_CANDIDATES_MAX } from '../../src/net/candidate-queue.ts';
import {
  ATTEMPT_DELAY_MS,
  type Candidates,
  connect,
  connectRace,
  IoError,
  listen,
  RACE_ATTEMPTS_MAX,
  type RaceOptions,
  type Stream,
} from '../../src/net/index.ts';
import { closed } from './worlds.ts';

const SEEDS = 1_000;
const FAULTS_MAX = 100;
const LATENCY_MS = 10;
const ROUND_TRIP_MS = 2 * LATENCY_MS;

const GOOD = '10.0.0.2:80';
const GOOD_6 = '[fd00::2]:80';
const ALSO_GOOD = '10.0.0.5:80';
/** Nothing comes back from there. */
const HOLE = '10.0.0.3:80';
const HOLE_6 = '[fd00::3]:80';
/** Nobody listens there. */
const SHUT = '10.0.0.4:80';
const SHUT_6 = '[fd00::4]:80';

/** A client among servers of every kind, all of them as far away. */
class Net {
  readonly world: SimWorld;
  readonly client: SimProactor;
  /** Connections that servers hold, by their address. */
  readonly accepted: Stream[] = [];
  readonly #servers: SimProactor[] = [];
  readonly #serving: Promise<void>[] = [];

  constructor(seed: number) {
    this.world = new SimWorld({ seed, latencyMinMs: LATENCY_MS, latencyMaxMs: LATENCY_MS });
    const near = this.world.host('near', '10.0.0.1', 'fd00::1');
    this.client = new SimProactor(near);
    const good = new SimProactor(this.world.host('good', '10.0.0.2', 'fd00::2'));
    const also = new SimProactor(this.world.host('also', '10.0.0.5', 'fd00::5'));
    const hole = this.world.host('hole', '10.0.0.3', 'fd00::3');
    this.world.host('shut', '10.0.0.4', 'fd00::4');
    this.world.partition(near, hole);
    this.#servers.push(good, also);
    this.#serve(good, '10.0.0.2');
    this.#serve(good, 'fd00::2');
    this.#serve(also, '10.0.0.5');
  }

  #serve(port: SimProactor, address: string): void {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const serving = async () => {
      const listener = await listen(port, { family, address, port: 80 });
      for await (const stream of listener) this.accepted.push(stream);
    };
    this.#serving.push(serving().catch(ignoreClosed));
  }

  nowMs(): number {
    return this.client.loop.nowMs();
  }

  sleep(ms: number): Promise<void> {
    return sleep(this.client, ms);
  }

  race(candidates: Candidates, options: RaceOptions = {}): Promise<Stream> {
    return connectRace(this.client, candidates, { timeoutMs: 10_000, ...options });
  }

  async close(): Promise<void> {
    await Promise.all([this.client, ...this.#servers].map((port) => closed(port)));
    await Promise.all(this.#serving);
  }
}

function sleep(port: ProactorPort, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = timerOperation(() => resolve());
    timer.atMs = port.loop.nowMs() + ms;
    port.submit(timer);
  });
}

function ignoreClosed(error: unknown): void {
  if (!(error instanceof IoError) || !['cancelled', 'closed'].includes(error.code)) throw error;
}

async function on(body: (net: Net) => Promise<void>, seed = 1): Promise<void> {
  const net = new Net(seed);
  await net.world.drive(body(net));
  await net.world.drive(net.close());
}

/** Whom the race was won by, and after how many milliseconds; nothing else is left. */
async function winner(
  t: ExecutionContext,
  net: Net,
  candidates: Candidates,
  options?: RaceOptions,
): Promise<[string | undefined, number]> {
  const beganMs = net.nowMs();
  const stream = await net.race(candidates, options);
  const tookMs = net.nowMs() - beganMs;
  await net.sleep(ROUND_TRIP_MS);
  t.is(net.client.openSockets, 1, 'the winner alone is open');
  t.is(net.client.loop.pendingTimers, 0);
  const address = stream.remote?.address;
  await stream.close({ how: 'reset' });
  t.is(net.client.openSockets, 0);
  return [address, tookMs];
}

/** What the race was lost with; nothing is left, from that moment on. */
async function loser(t: ExecutionContext, net: Net, race: Promise<Stream>): Promise<IoError> {
  const error = await t.throwsAsync(race, { instanceOf: IoError });
  nothingLeft(t, net);
  return error;
}

function nothingLeft(t: ExecutionContext, net: Net, about?: string): void {
  t.is(net.client.openSockets, 0, about);
  t.is(net.client.loop.pendingTimers, 0, about);
}

const attemptsOf = ({ attempts = [] }: IoError) =>
  attempts.map(({ endpoint, code, ms }) => `${endpoint} ${code} ${ms}`);

test('the first address that answers wins, and no other is tried', async (t) => {
  await on(async (net) => {
    t.deepEqual(await winner(t, net, [GOOD, ALSO_GOOD]), ['10.0.0.2', ROUND_TRIP_MS]);
    t.is(net.accepted.length, 1);
  });
});

test('a black hole costs 250 ms, and a refusal no wait at all', async (t) => {
  await on(async (net) => {
    const late = ATTEMPT_DELAY_MS + ROUND_TRIP_MS;
    t.deepEqual(await winner(t, net, [HOLE_6, GOOD]), ['10.0.0.2', late]);
    t.deepEqual(await winner(t, net, [SHUT_6, GOOD]), ['10.0.0.2', 2 * ROUND_TRIP_MS]);
    // The refusal of the second is no reason to wait for the first.
    const both = ATTEMPT_DELAY_MS + 2 * ROUND_TRIP_MS;
    t.deepEqual(await winner(t, net, [HOLE_6, SHUT, GOOD]), ['10.0.0.2', both]);
  });
});

test('the delay is an option, from 10 ms to 2 s', async (t) => {
  await on(async (net) => {
    for (const attemptDelayMs of [10, 2_000]) {
      const won = await winner(t, net, [HOLE, GOOD], { attemptDelayMs });
      t.deepEqual(won, ['10.0.0.2', attemptDelayMs + ROUND_TRIP_MS]);
    }
    for (const attemptDelayMs of [9, 2_001, Number.NaN]) {
      await t.throwsAsync(net.race([GOOD], { attemptDelayMs }), { instanceOf: RangeError });
    }
  });
});

test('families take turns, in the order in which they came', async (t) => {
  await on(async (net) => {
    const order = async (candidates: readonly string[]) => {
      const error = await loser(t, net, net.race(candidates));
      return error.attempts?.map(({ endpoint }) => endpoint);
    };
    const six = ['[fd00::4]:1', '[fd00::4]:2', '[fd00::4]:3'] as const;
    const four = ['10.0.0.4:1', '10.0.0.4:2'] as const;
    const turns = [six[0], four[0], six[1], four[1], six[2]];
    t.deepEqual(await order([...six, ...four]), turns);
    t.deepEqual(await order([...four, ...six]), [four[0], six[0], four[1], six[1], six[2]]);
    t.deepEqual(await order([four[0], four[0], ...four]), [...four], 'each address once');
  });
});

test('a slow first attempt goes on while others are tried, and wins late', async (t) => {
  await on(async (net) => {
    net.world.lose('SYN', 1);
    const [address, tookMs] = await winner(t, net, [GOOD, HOLE, HOLE_6]);
    t.is(address, '10.0.0.2');
    t.is(tookMs, 1_000 + ROUND_TRIP_MS, 'the SYN was repeated after a second');
  });
});

test('two that connect in the same turn: exactly one stays open', async (t) => {
  for (const attemptDelayMs of [ROUND_TRIP_MS, ROUND_TRIP_MS - 1, ROUND_TRIP_MS + 1]) {
    await on(async (net) => {
      const near = net.world.hostAt('10.0.0.1');
      const good = net.world.hostAt('10.0.0.2');
      if (near === undefined || good === undefined) return t.fail();
      // Both SYN-ACKs come at once: the first one's way back is longer.
      Object.assign(net.world.conditions, { latencyMinMs: 10 + attemptDelayMs / 2 });
      Object.assign(net.world.conditions, { latencyMaxMs: 10 + attemptDelayMs / 2 });
      const racing = net.race([GOOD, ALSO_GOOD], { attemptDelayMs });
      await net.sleep(attemptDelayMs);
      Object.assign(net.world.conditions, { latencyMinMs: 0, latencyMaxMs: 0 });
      const stream = await racing;
      await net.sleep(1_000);
      t.is(net.client.openSockets, 1);
      await stream.close({ how: 'reset' });
      nothingLeft(t, net);
    });
  }
});

/** A port whose connects cannot be taken back any more: a cancel always comes too late. */
function tooLate(port: SimProactor): ProactorPort {
  const cancel = (operation: Operation) => {
    if (operation.kind !== 'connect') port.cancel(operation);
  };
  return new Proxy(port, {
    get: (target, key) => {
      const value: unknown = key === 'cancel' ? cancel : Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('a connection that comes although it was cancelled is closed', async (t) => {
  await on(async (net) => {
    const options = { attemptDelayMs: ROUND_TRIP_MS - 5, timeoutMs: 10_000 };
    const racing = connectRace(tooLate(net.client), [GOOD, ALSO_GOOD], options);
    const stream = await racing;
    await net.sleep(2 * ROUND_TRIP_MS);
    t.is(net.accepted.length, 2);
    t.is(net.client.openSockets, 1);
    await stream.close({ how: 'reset' });
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = connectRace(tooLate(net.client), [GOOD, ALSO_GOOD], { ...options, signal });
    await net.sleep(ROUND_TRIP_MS - 1);
    const reason = new Error('enough');
    controller.abort(reason);
    t.is(await t.throwsAsync(aborted), reason);
    nothingLeft(t, net);
    await net.sleep(ROUND_TRIP_MS);
    t.is(net.accepted.length, 4, 'both had come through');
  });
});

test('when all fail, the error tells of each; its code is the most wanted one’s', async (t) => {
  await on(async (net) => {
    const error = await loser(t, net, net.race([SHUT_6, SHUT]));
    t.is(error.code, 'refused');
    t.is(error.fault?.code, 'refused');
    t.deepEqual(attemptsOf(error), [`${SHUT_6} refused 20`, `${SHUT} refused 20`]);
    t.regex(error.message, /\[fd00::4\]:80 refused after 20 ms; 10\.0\.0\.4:80 refused/);
    t.true(error.attempts?.every(({ fault }) => fault?.code === 'refused'));
  });
});

test('the deadline is one for all, and the error tells how far each had come', async (t) => {
  await on(async (net) => {
    const beganMs = net.nowMs();
    const error = await loser(t, net, net.race([HOLE_6, SHUT, HOLE], { timeoutMs: 400 }));
    t.is(net.nowMs() - beganMs, 400);
    t.is(error.code, 'expired');
    t.deepEqual(attemptsOf(error), [
      `${HOLE_6} expired 400`,
      `${SHUT} refused 20`,
      `${HOLE} expired 130`,
    ]);
  });
});

test('no address, or text that is none, is said so', async (t) => {
  await on(async (net) => {
    const none = await loser(t, net, net.race([]));
    t.is(none.message, 'connect: badAddress: no address to connect to');
    const name = await loser(t, net, net.race(['localhost:80']));
    t.deepEqual(attemptsOf(name), ['localhost:80 badAddress 0']);
    t.deepEqual(await winner(t, net, ['localhost:80', GOOD]), ['10.0.0.2', ROUND_TRIP_MS]);
  });
});

test('with a local address, the other family is passed over', async (t) => {
  await on(async (net) => {
    const won = await winner(t, net, [HOLE_6, GOOD], { local: '10.0.0.1:0' });
    t.deepEqual(won, ['10.0.0.2', ROUND_TRIP_MS]);
  });
});

test('attempts and candidates are bounded', async (t) => {
  await on(async (net) => {
    const shut = Array.from({ length: RACE_ATTEMPTS_MAX }, (_, i) => `10.0.0.4:${i + 1}`);
    const error = await loser(t, net, net.race([...shut, GOOD]));
    t.is(error.attempts?.length, RACE_ATTEMPTS_MAX);
    const [address] = await winner(t, net, [...shut.slice(1), GOOD]);
    t.is(address, '10.0.0.2', 'the last one that is tried');
    let given = 0;
    function* endless(): Generator<string> {
      for (;;) yield `10.0.${Math.floor(given / 200) + 1}.${(given++ % 200) + 1}:80`;
    }
    await loser(t, net, net.race(endless(), { timeoutMs: 20_000 }));
    t.is(given, RACE_CANDIDATES_MAX);
  });
});

test('an address that comes late takes part from then on', async (t) => {
  await on(async (net) => {
    async function* source(): AsyncGenerator<string> {
      yield HOLE;
      await net.sleep(50);
      yield GOOD_6;
    }
    const late = ATTEMPT_DELAY_MS + ROUND_TRIP_MS;
    t.deepEqual(await winner(t, net, source()), ['fd00::2', late]);
    async function* later(): AsyncGenerator<string> {
      yield HOLE;
      await net.sleep(600);
      yield GOOD_6;
    }
    t.deepEqual(await winner(t, net, later()), ['fd00::2', 600 + ROUND_TRIP_MS], 'at once');
    async function* failed(): AsyncGenerator<string> {
      yield SHUT;
      await net.sleep(100);
      yield GOOD_6;
    }
    t.deepEqual(await winner(t, net, failed()), ['fd00::2', 100 + ROUND_TRIP_MS]);
  });
});

test('a source that throws ends the race only when nothing is under way', async (t) => {
  await on(async (net) => {
    const reason = new Error('no more');
    async function* source(first: string): AsyncGenerator<string> {
      yield first;
      throw reason;
    }
    t.deepEqual(await winner(t, net, source(GOOD)), ['10.0.0.2', ROUND_TRIP_MS]);
    const error = await loser(t, net, net.race(source(SHUT)));
    t.is(error.cause, reason);
    t.is(error.code, 'refused');
    // biome-ignore lint/correctness/useYield: what has nothing to give.
    async function* nothing(): AsyncGenerator<string> {
      throw reason;
    }
    t.is(await t.throwsAsync(net.race(nothing())), reason, 'and says it itself');
    nothingLeft(t, net);
  });
});

test('a source that never ends is asked to return, and not waited for', async (t) => {
  await on(async (net) => {
    let returned = 0;
    const source = (first: string | undefined): AsyncIterable<string> => ({
      [Symbol.asyncIterator]: () => {
        let given = first;
        return {
          next: () => {
            const value = given;
            given = undefined;
            return value === undefined ? new Promise(() => {}) : Promise.resolve({ value });
          },
          return: () => {
            returned += 1;
            return Promise.resolve({ done: true, value: undefined });
          },
        };
      },
    });
    t.deepEqual(await winner(t, net, source(GOOD)), ['10.0.0.2', ROUND_TRIP_MS]);
    t.is(returned, 1);
    const error = await loser(t, net, net.race(source(undefined), { timeoutMs: 70 }));
    t.is(error.code, 'expired');
    t.is(returned, 2);
  });
});

test('an abort in every state leaves no socket and no timer, and rejects with its reason', async (t) => {
  const reason = new Error('enough');
  // Before, while the first, the second, all are under way, and when one has just connected.
  for (const atMs of [-1, 0, 5, 19, 20, 100, 250, 255, 269, 270, 400]) {
    await on(async (net) => {
      const controller = new AbortController();
      if (atMs < 0) controller.abort(reason);
      const racing = net.race([HOLE_6, SHUT, HOLE], { signal: controller.signal });
      const ended = t.throwsAsync(racing);
      if (atMs > 0) await net.sleep(atMs);
      controller.abort(reason);
      t.is(await ended, reason, `${atMs} ms`);
      nothingLeft(t, net, `${atMs} ms`);
    });
  }
});

test('an abort that comes too late changes nothing', async (t) => {
  await on(async (net) => {
    const controller = new AbortController();
    const stream = await net.race([GOOD], { signal: controller.signal });
    controller.abort();
    await net.sleep(100);
    t.is(net.client.openSockets, 1);
    await stream.close();
  });
});

test('a port that is closed under the race ends it', async (t) => {
  for (const atMs of [1, 300]) {
    const net = new Net(1);
    const never: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    };
    const ended = [net.race([HOLE, HOLE_6]), net.race(never)].map((race) => t.throwsAsync(race));
    net.world.advance(atMs);
    await net.world.drive(net.close());
    for (const error of await net.world.drive(Promise.all(ended))) {
      t.true(error instanceof IoError && ['cancelled', 'closed'].includes(error.code));
    }
  }
});

const ALL = [GOOD, GOOD_6, ALSO_GOOD, HOLE, HOLE_6, SHUT, SHUT_6];

function shuffled(random: SimRandom): string[] {
  const list = [...ALL];
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = random.nextUint32() % (i + 1);
    [list[i], list[j]] = [list[j] as string, list[i] as string];
  }
  return list.slice(0, 1 + (random.nextUint32() % list.length));
}

test(`whatever the network does, a race leaves one socket or none (${SEEDS} seeds)`, async (t) => {
  let won = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const about = `seed ${seed}`;
    const net = new Net(seed);
    const { random } = net.world;
    const latencyMaxMs = 1 + (random.nextUint32() % 400);
    Object.assign(net.world.conditions, { latencyMinMs: 0, latencyMaxMs, loss: 0.1 });
    const controller = new AbortController();
    const timeoutMs = 1 + (random.nextUint32() % 2_000);
    const abortMs = 1 + (random.nextUint32() % 3_000);
    await net.world.drive(
      (async () => {
        const { signal } = controller;
        const racing = net.race(shuffled(random), { timeoutMs, signal }).then(
          (stream) => stream,
          (error: unknown) => error,
        );
        void net
          .sleep(abortMs)
          .then(() => controller.abort(new IoError({ code: 'cancelled', call: 'test' })));
        const end = await racing;
        if (end instanceof IoError) {
          t.is(net.client.openSockets, 0, about);
        } else {
          won += 1;
          const stream = end as Stream;
          await net.sleep(5_000);
          t.is(net.client.openSockets, 1, about);
          await stream.close({ how: 'reset' });
        }
        await net.sleep(5_000);
        nothingLeft(t, net, about);
      })(),
    );
    await net.world.drive(net.close());
  }
  t.true(won > SEEDS / 4 && won < SEEDS, `${won} were won`);
});

test('when any one operation fails, the race is won or lost, and nothing is left', async (t) => {
  let fired = true;
  for (let n = 1; fired; n += 1) {
    t.true(n < FAULTS_MAX);
    const net = new Net(n);
    net.world.advance(1);
    const plan = net.world.failNth('any', n, ownFault('fileDescriptors', 'plan'));
    await net.world.drive(
      (async () => {
        const end = await net.race([SHUT, GOOD, ALSO_GOOD]).catch((error: unknown) => error);
        if (!(end instanceof IoError))
          await (end as Stream).close({ how: 'reset' }).catch(() => {});
      })(),
    );
    fired = plan.fired;
    await net.world.drive(net.close());
    nothingLeft(t, net, `fault ${n}`);
  }
});

const RESOLVER = {
  addresses: async (name: string) => ({
    addresses: name === 'six-first.test' ? [{ address: 'fd00::3' }, { address: '10.0.0.2' }] : [],
  }),
};

test('a host by name is connected to by its resolver’s addresses', async (t) => {
  await on(async (net) => {
    const beganMs = net.nowMs();
    const options = { resolver: RESOLVER, timeoutMs: 5_000 };
    const stream = await connect(net.client, { host: 'six-first.test', port: 80 }, options);
    t.is(stream.remote?.address, '10.0.0.2');
    t.is(net.nowMs() - beganMs, ATTEMPT_DELAY_MS + ROUND_TRIP_MS);
    await stream.close({ how: 'reset' });
    const none = connect(net.client, { host: 'none.test', port: 80 }, options);
    await t.throwsAsync(none, { instanceOf: IoError, code: 'badAddress' });
    for (const host of ['10.0.0.2', 'fd00::2']) {
      const resolver = { addresses: () => Promise.reject(new Error('not asked')) };
      const literal = await connect(net.client, { host, port: 80 }, { resolver });
      t.is(literal.remote?.address, host);
      await literal.close({ how: 'reset' });
    }
    nothingLeft(t, net);
  });
});

test('what a resolver rejects with comes through, and it is told when nobody waits', async (t) => {
  await on(async (net) => {
    const reason = new Error('ENOTFOUND');
    const failing = { addresses: () => Promise.reject(reason) };
    const target = { host: 'a.test', port: 80 };
    t.is(await t.throwsAsync(connect(net.client, target, { resolver: failing })), reason);
    let aborted = 0;
    const silent = {
      addresses: (_: string, { signal }: { signal: AbortSignal }) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted += 1;
            reject(signal.reason);
          });
        }),
    };
    const options = { resolver: silent, timeoutMs: 100 };
    const beganMs = net.nowMs();
    await t.throwsAsync(connect(net.client, target, options), { code: 'expired' });
    t.is(net.nowMs() - beganMs, 100);
    t.is(aborted, 1);
    nothingLeft(t, net);
  });
});
