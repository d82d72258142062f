import test, { type ExecutionContext } from 'ava';
import { linuxCalls } from '../../../adapters/io-uring/linux-calls.ts';
import type { RingSize } from '../../../adapters/io-uring/ring-memory.ts';
import type { SystemCalls } from '../../../adapters/io-uring/system-calls.ts';
import { UringPort } from '../../../adapters/io-uring/uring-port.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import { realSite } from '../../conformance/real-site.ts';
import { type Rule, runRule } from '../../conformance/run.ts';

/** The system's calls, some of them in other words. */
export type Override = (real: SystemCalls) => Partial<SystemCalls>;

/** How the ports of a rule differ from the usual ones. */
export type Variation = { readonly override?: Override; readonly size?: RingSize };

export const real: SystemCalls = linuxCalls(loadKoffi('io-uring'));

/** Rings, eventfds and sockets made by plain calls: tests run as threads of one process. */
const open = new Set<number>();
const strayCloses: number[] = [];
let mapped = 0;

const counted: SystemCalls = {
  ...real,
  ringSetup: (entries, parameters) => opened(real.ringSetup(entries, parameters)),
  eventfd: () => opened(real.eventfd()),
  socket: (family, type, protocol) => opened(real.socket(family, type, protocol)),
  map(fd, bytes, offset) {
    const mapping = real.map(fd, bytes, offset);
    if (mapping === undefined) return undefined;
    mapped += 1;
    return {
      buffer: mapping.buffer,
      unmap() {
        mapped -= 1;
        mapping.unmap();
      },
    };
  },
  close(fd) {
    open.delete(fd);
    const answer = real.close(fd);
    if (answer < 0) strayCloses.push(fd);
    return answer;
  },
};

function opened(fd: number): number {
  if (fd >= 0) open.add(fd);
  return fd;
}

const ports: UringPort[] = [];

export function uringOn(
  { override = () => ({}), size }: Variation = {},
  uncaught?: (error: unknown) => void,
): UringPort {
  const calls = { ...counted, ...override(counted) };
  const port = new UringPort(loadKoffi('io-uring'), calls, {
    ...(uncaught && { uncaught }),
    ...(size && { size }),
  });
  ports.push(port);
  return port;
}

/** A rule of this adapter alone. All laws are watched, and nothing may be left. */
export function uringRule(title: string, rule: Rule, variation: Variation = {}): void {
  test.serial(title, async (t) => {
    const create = (uncaught: (error: unknown) => void): UringPort => uringOn(variation, uncaught);
    const fixture = { name: 'io-uring', create: () => realSite({ create }) };
    t.deepEqual((await runRule(fixture, rule)).failures, []);
    verifyNothingLeft(t);
  });
}

/** Are all ports closed, with every descriptor, request and buffer? */
export function verifyNothingLeft(t: ExecutionContext): void {
  for (const port of ports.splice(0)) {
    t.is(port.inFlight, 0, 'no request is left');
    t.is(port.lentBuffers, 0, 'no buffer is left');
    t.is(port.openSockets, 0, 'no socket is left');
  }
  t.deepEqual([...open], [], 'no descriptor is left');
  t.deepEqual(strayCloses, [], 'none is closed that is not open');
  t.is(mapped, 0, 'no memory is left mapped');
}
