import { FORWARDED_BODIES } from './strict-forwarded-bodies.ts';
import { FORWARDED_FIELDS } from './strict-forwarded-fields.ts';
import { REFUSED_FIELDS } from './strict-refused-fields.ts';
import { REFUSED_FRAMING } from './strict-refused-framing.ts';
import { REFUSED_TARGETS } from './strict-refused-targets.ts';
import type { Forwarded, Refused } from './strict-rows.ts';

/** All that a client may not send. */
export const REFUSED: readonly Refused[] = [
  ...REFUSED_FRAMING,
  ...REFUSED_FIELDS,
  ...REFUSED_TARGETS,
];

/** All that is forwarded, though it may look odd. */
export const FORWARDED: readonly Forwarded[] = [...FORWARDED_BODIES, ...FORWARDED_FIELDS];
