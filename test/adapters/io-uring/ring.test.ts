import test, { type ExecutionContext } from 'ava';
import { EBUSY, IORING_REGISTER_PBUF_RING } from '../../../adapters/io-uring/constants.ts';
import { Ring } from '../../../adapters/io-uring/ring.ts';
import type { SystemCalls } from '../../../adapters/io-uring/system-calls.ts';
import { TAG } from '../../../adapters/io-uring/tag.ts';
import { EAGAIN, EINTR } from '../../../adapters/linux/constants.ts';
import { real, uringOn, verifyNothingLeft } from './uring-rule.ts';

const SIZE = { submissions: 4, completions: 8 };

/** A ring, and the numbers of what has completed. */
function ringOn(calls: SystemCalls): { ring: Ring; ids: number[]; prepared(): number } {
  const ids: number[] = [];
  let asked = 0;
  const ring = new Ring(
    calls,
    SIZE,
    (id) => ids.push(id),
    () => {
      asked += 1;
    },
  );
  return { ring, ids, prepared: () => asked };
}

function echoes(t: ExecutionContext, calls: SystemCalls, count: number): void {
  const { ring, ids } = ringOn(calls);
  for (let id = 0; id < count; id += 1) ring.echo(id, TAG.ended);
  t.is(ring.inFlight, count);
  for (let rounds = 0; ids.length < count && rounds < 100; rounds += 1) {
    ring.submit();
    ring.reap();
  }
  t.deepEqual(ids, [...Array(count).keys()]);
  t.is(ring.inFlight, 0);
  t.is(ring.unsubmitted, 0);
  t.false(ring.isReady);
  ring.close();
}

for (const count of [1, 4, 5, 8, 9, 100]) {
  test.serial(`${count} requests complete in order in a ring of 4 and 8 entries`, (t) => {
    echoes(t, real, count); // Beyond 8 completions the kernel keeps the others (overflow).
  });
}

for (const [name, error] of Object.entries({ EINTR, EAGAIN, EBUSY })) {
  test.serial(`a kernel that says ${name} two times of three loses no request`, (t) => {
    let calls = 0;
    const refusing: SystemCalls = {
      ...real,
      ringEnter(ring, count, flags) {
        calls += 1;
        return calls % 3 === 0 ? real.ringEnter(ring, count, flags) : -error;
      },
    };
    echoes(t, refusing, 30);
  });
}

test.serial('a kernel that takes one request at a time loses none', (t) => {
  echoes(
    t,
    { ...real, ringEnter: (ring, count, flags) => real.ringEnter(ring, Math.min(count, 1), flags) },
    30,
  );
});

test.serial('the first request after each submit is announced, once', (t) => {
  const { ring, prepared } = ringOn(real);
  for (let round = 1; round <= 3; round += 1) {
    ring.echo(1, TAG.ended);
    ring.echo(2, TAG.ended);
    t.is(prepared(), round);
    ring.submit();
  }
  ring.reap();
  ring.close();
});

test.serial('a closed ring takes nothing and tells of nothing', (t) => {
  const { ring, ids } = ringOn(real);
  ring.close();
  ring.echo(1, TAG.ended);
  ring.submit();
  t.is(ring.reap(), 0);
  t.deepEqual([ring.unsubmitted, ring.inFlight, ring.isReady, ring.fd], [0, 0, false, -1]);
  t.deepEqual(ids, []);
  ring.close();
});

test.serial('a port whose ring cannot be furnished throws, and leaves nothing', (t) => {
  t.throws(() => uringOn({ override: () => ({ eventfd: () => -24 }) }), { message: /EMFILE/ });
  t.throws(() => uringOn({ override: () => ({ map: () => undefined }) }), { message: /ulimit -l/ });
  const noBuffers = ({ ringRegister }: SystemCalls): Partial<SystemCalls> => ({
    ringRegister: (ring, what, argument, count) =>
      what === IORING_REGISTER_PBUF_RING ? -22 : ringRegister(ring, what, argument, count),
  });
  t.throws(() => uringOn({ override: noBuffers }), { message: /PBUF_RING: EINVAL/ });
  verifyNothingLeft(t);
});
