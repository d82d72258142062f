import { acceptRules } from './accept.ts';
import { closeRules } from './close.ts';
import { connectRules } from './connect.ts';
import { datagramRules } from './datagrams.ts';
import { descriptorRules } from './descriptors.ts';
import { isolationRules } from './isolation.ts';
import { noticeRules } from './notices.ts';
import { outboxRules } from './outboxes.ts';
import { peekCrowdRules, peekRules } from './peek.ts';
import { receiveRules } from './receive.ts';
import type { Rules } from './run.ts';
import { sendRules } from './send.ts';
import { spliceRules } from './splice.ts';
import { timerCrowdRules, timerRules } from './timers.ts';
import { transmitRules } from './transmit.ts';
import { wakeRules } from './wake.ts';

/** What every port with the proactor's face promises, by group. */
export const GROUPS: Readonly<Record<string, Rules>> = {
  timers: timerRules,
  accept: acceptRules,
  connect: connectRules,
  receive: receiveRules,
  peek: peekRules,
  send: sendRules,
  outbox: outboxRules,
  transmit: transmitRules,
  splice: spliceRules,
  close: closeRules,
  descriptors: descriptorRules,
  datagrams: datagramRules,
  notices: noticeRules,
  wake: wakeRules,
  isolation: isolationRules,
};

/** The same, with many thousands of everything: run once per adapter, not once per mutant. */
export const CROWDS: Readonly<Record<string, Rules>> = {
  timers: timerCrowdRules,
  peek: peekCrowdRules,
};
