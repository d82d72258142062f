import { attemptRules } from './reactor-attempts.ts';
import { datagramReactorRules } from './reactor-datagrams.ts';
import type { ReactorRules } from './reactor-run.ts';
import { waitRules } from './reactor-waits.ts';

/** What every port with the reactor's face promises, by group. */
export const REACTOR_GROUPS: Readonly<Record<string, ReactorRules>> = {
  attempt: attemptRules,
  wait: waitRules,
  'attempt datagrams': datagramReactorRules,
};
