import type { Mutation } from './mutant.ts';
import { BYTE_MUTATIONS } from './mutants-bytes.ts';
import { COMPLETION_MUTATIONS } from './mutants-completions.ts';
import { PORT_MUTATIONS } from './mutants-ports.ts';
import { STATUS_MUTATIONS } from './mutants-statuses.ts';

/** Every broken law of a port with the proactor's face, by what it does wrong. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  ...COMPLETION_MUTATIONS,
  ...BYTE_MUTATIONS,
  ...STATUS_MUTATIONS,
  ...PORT_MUTATIONS,
};
