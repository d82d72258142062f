import test, { type ExecutionContext } from 'ava';
import { EpollReactor } from '../../../adapters/epoll/epoll-reactor.ts';
import { linuxCalls } from '../../../adapters/epoll/linux-calls.ts';
import type { SystemCalls } from '../../../adapters/epoll/system-calls.ts';
import { F_DUPFD_CLOEXEC } from '../../../adapters/linux/constants.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import type { ReactorPort } from '../../../src/core/reactor.ts';
import type { Fixture } from '../../conformance/fixture.ts';
import { asProactor } from '../../conformance/modes.ts';
import { type ReactorRule, runReactorRule } from '../../conformance/reactor-run.ts';
import { realSite } from '../../conformance/real-site.ts';
import { type Rule, runRule } from '../../conformance/run.ts';

/** The system's calls, some of them in other words. */
export type Override = (real: SystemCalls) => Partial<SystemCalls>;

/** The system's calls, for what a test does behind the adapter's back. */
export const real: SystemCalls = linuxCalls(loadKoffi('epoll'));

/**
 * What the adapter's ports of this thread have open. Tests run as threads of one process, so that
 * what the process has open says nothing.
 */
const open = new Set<number>();
const strayCloses: number[] = [];

/** The same, counted: for what a test takes from a port, or gives to one. */
export const counted: SystemCalls = {
  ...real,
  fcntl(fd, command, value) {
    const answer = real.fcntl(fd, command, value);
    return command === F_DUPFD_CLOEXEC ? opened(answer) : answer;
  },
  socket: (family, type, protocol) => opened(real.socket(family, type, protocol)),
  accept4: (fd, address, length, flags) => opened(real.accept4(fd, address, length, flags)),
  epollCreate: () => opened(real.epollCreate()),
  pipe2(ends, flags) {
    const answer = real.pipe2(ends, flags);
    if (answer === 0) for (const end of ends) open.add(end);
    return answer;
  },
  close(fd) {
    if (!open.delete(fd)) strayCloses.push(fd);
    return real.close(fd);
  },
};

function opened(fd: number): number {
  if (fd >= 0) open.add(fd);
  return fd;
}

export function epollOn(override: Override, uncaught?: (error: unknown) => void): EpollReactor {
  return new EpollReactor(loadKoffi('epoll'), { ...counted, ...override(counted) }, uncaught);
}

function fixtureOf(override: Override): Fixture<ReactorPort> {
  return {
    name: 'epoll',
    create: () => realSite({ create: (uncaught) => epollOn(override, uncaught) }),
  };
}

/** A rule of this adapter alone. All laws are watched, and no descriptor may be left. */
export function epollRule(title: string, rule: Rule, override: Override = () => ({})): void {
  test.serial(title, async (t) => {
    const { failures } = await runRule(asProactor(fixtureOf(override)), rule);
    t.deepEqual(failures, []);
    verifyNothingOpen(t);
  });
}

/** The same with the reactor's face. */
export function attemptRule(
  title: string,
  rule: ReactorRule,
  override: Override = () => ({}),
): void {
  test.serial(title, async (t) => {
    t.deepEqual(await runReactorRule(fixtureOf(override), rule), []);
    verifyNothingOpen(t);
  });
}

/** How many descriptors the ports have open. */
export function descriptors(): number {
  return open.size;
}

export function openDescriptors(): readonly number[] {
  return [...open];
}

/** Are all ports closed, with every descriptor, and each only once? */
export function verifyNothingOpen(t: ExecutionContext): void {
  t.deepEqual([...open], [], 'no descriptor is left');
  t.deepEqual(strayCloses, [], 'none is closed that is not open');
}

/** Answers `error`, negated, `times` times; then the system does. */
export function failing<Arguments extends unknown[]>(
  call: (...values: Arguments) => number,
  error: number,
  times: number,
): (...values: Arguments) => number {
  let left = times;
  return (...values) => {
    if (left === 0) return call(...values);
    left -= 1;
    return -error;
  };
}
