import test from 'ava';
import { match } from 'ts-pattern';
import type { Operation, Outcome } from '../../src/core/operation.ts';

const OUTCOMES: readonly Outcome[] = [
  'done',
  'eof',
  'icmp',
  'refused',
  'expired',
  'cancelled',
  'failed',
];

const KINDS: readonly Operation['kind'][] = [
  'listen',
  'accept',
  'connect',
  'adopt',
  'recv',
  'peek',
  'send',
  'transmit',
  'splice',
  'shutdown',
  'close',
  'udpOpen',
  'udpRecv',
  'udpPeek',
  'udpSend',
  'timer',
];

/** Every outcome has an arm. */
function told(outcome: Outcome): string {
  return match(outcome)
    .with('done', () => 'it happened')
    .with('eof', () => 'the peer has nothing more to say')
    .with('icmp', () => 'the network sent a notice')
    .with('refused', () => 'a limit of ours said no')
    .with('expired', 'cancelled', () => 'it was ended early')
    .with('failed', () => 'it went wrong')
    .exhaustive();
}

/** Compiles only as long as a forgotten outcome does not. */
function forgetful(outcome: Outcome): string {
  return (
    match(outcome)
      .with('done', 'eof', 'icmp', 'refused', 'expired', () => 'known')
      .with('failed', () => 'known')
      // @ts-expect-error 'cancelled' has no arm.
      .exhaustive()
  );
}

/** The same for what a completion is an answer to. */
function groupOf(operation: Pick<Operation, 'kind'>): string {
  return match(operation.kind)
    .with('listen', 'accept', 'connect', 'adopt', () => 'opening')
    .with('recv', 'peek', 'send', 'transmit', 'splice', () => 'stream')
    .with('shutdown', 'close', () => 'closing')
    .with('udpOpen', 'udpRecv', 'udpPeek', 'udpSend', () => 'datagrams')
    .with('timer', () => 'time')
    .exhaustive();
}

/** Compiles only as long as a forgotten kind does not. */
function forgetfulOfKinds({ kind }: Pick<Operation, 'kind'>): string {
  return (
    match(kind)
      .with('listen', 'accept', 'connect', 'adopt', () => 'known')
      .with('recv', 'peek', 'send', 'transmit', () => 'known')
      .with('splice', 'shutdown', 'close', 'udpOpen', 'udpRecv', 'udpSend', 'timer', () => 'known')
      // @ts-expect-error 'udpPeek' has no arm.
      .exhaustive()
  );
}

test('a match over every outcome is exhaustive', (t) => {
  t.is(new Set(OUTCOMES.map(told)).size, OUTCOMES.length - 1);
});

test('a match that forgets an outcome does not compile, and throws where it runs', (t) => {
  for (const outcome of OUTCOMES) {
    if (outcome === 'cancelled') t.throws(() => forgetful(outcome));
    else t.is(forgetful(outcome), 'known');
  }
});

test('a match over every kind of operation is exhaustive', (t) => {
  t.is(new Set(KINDS.map((kind) => groupOf({ kind }))).size, 5);
});

test('a match that forgets a kind does not compile, and throws where it runs', (t) => {
  for (const kind of KINDS) {
    if (kind === 'udpPeek') t.throws(() => forgetfulOfKinds({ kind }));
    else t.is(forgetfulOfKinds({ kind }), 'known');
  }
});
