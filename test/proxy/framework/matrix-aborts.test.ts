import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test, { type ExecutionContext } from 'ava';
import { SilentListener } from '../../conformance/silent-listener.ts';
import { eventually } from '../site.ts';
import type { Script } from '../upstream.ts';
import { lentByPools } from './lent.ts';
import { type Noted, notingProxy } from './matrix-client.ts';
import { post, request, type World, worldTest } from './world.ts';

/** Requests that are aborted in each phase; `SLUICE_LONG` is for those who have the time. */
const LONG = process.env.SLUICE_LONG !== undefined;
const ABORTS = LONG ? 10_000 : 300;
const AT_ONCE = 50;
/** What 10,000 exchanges may leave on the heap, caches and compiled code included. */
const HEAP_BYTES_MAX = 8 * 1024 * 1024;

/** Where an exchange of the wire is when its client leaves; those of handlers are tested elsewhere. */
type Phase = {
  readonly text: string;
  /** What the server says to it; without it, no server accepts. */
  readonly said?: string;
  /** The request never is one. */
  readonly none?: true;
};

const PHASES: Readonly<Record<string, Phase>> = {
  'in its head': { text: 'GET / HTTP/1.1\r\nHo', said: '', none: true },
  'while its server is being connected': { text: request('GET', '/') },
  'in its body': { text: post('/', 'hello').slice(0, -3), said: '' },
  'before the answer': { text: request('GET', '/'), said: '' },
  'in the head of the answer': { text: request('GET', '/'), said: 'HTTP/1.1 200 OK\r\nA: ' },
  'in the body of the answer': {
    text: request('GET', '/'),
    said: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
  },
};

function saying(text: string, said: () => void): Script {
  return async (peer) => {
    if ((await peer.head()) !== undefined) {
      if (text !== '') peer.write(text);
      said();
    }
    await peer.closed;
  };
}

/** Begins `count` requests, some at once, and leaves once all of them are where they should be. */
async function abort(
  t: ExecutionContext,
  world: World,
  count: number,
  text: string,
  reached: (open: number) => boolean,
): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    const clients = await Promise.all(Array.from({ length: AT_ONCE }, () => world.client()));
    for (const client of clients) client.write(text);
    t.true(await eventually(() => reached(AT_ONCE)));
    for (const client of clients) client.reset();
    await Promise.all(clients.map(({ closed }) => closed));
    world.peers.splice(0);
    for (const upstream of world.upstreams) upstream.peers.splice(0);
    t.true(await eventually(() => world.port.openSockets === 1), 'only the listener is left');
    t.true(await world.settled());
  }
}

async function abortAll(t: ExecutionContext, world: World, phase: Phase): Promise<void> {
  const silent = new SilentListener();
  let said = 0;
  try {
    const { text, none } = phase;
    const url =
      phase.said === undefined
        ? `http://127.0.0.1:${(await silent.endpoint()).port}`
        : await world.upstream(
            saying(phase.said, () => {
              said += 1;
            }),
          );
    const noted: Noted[] = [];
    await world.listen(notingProxy(noted).route('/', { upstreamPeer: () => url }));
    const reached = (open: number): boolean => {
      if (none) return world.proxy.connections === open;
      const target = noted.length + open;
      return phase.said === undefined ? world.begun === target : said === target;
    };
    const handles = openHandles();
    await abort(t, world, AT_ONCE, text, reached);
    const heap = usedHeap();
    await abort(t, world, ABORTS, text, reached);
    t.is(noted.length, none ? 0 : ABORTS + AT_ONCE, 'each is logged once');
    const gone = ({ type, source }: Noted) =>
      type === 'ConnectionClosed' && source === 'downstream';
    t.true(noted.every(gone));
    t.true(await eventually(() => openHandles() <= handles), `${openHandles()} of ${handles}`);
    t.true(await eventually(() => lentByPools() === ''), lentByPools());
    const grown = LONG ? usedHeap() - heap : 0;
    t.true(grown < HEAP_BYTES_MAX, `the heap has grown by ${grown} bytes`);
  } finally {
    silent.end();
  }
}

for (const [name, phase] of Object.entries(PHASES)) {
  worldTest(
    `${ABORTS} clients that leave ${name} leave nothing behind`,
    (t, world) => abortAll(t, world, phase),
    undefined,
    test.serial as typeof test,
  );
}

/** Sockets and servers that Node knows of: ours on `node`, and those of the test. */
function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}

function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
