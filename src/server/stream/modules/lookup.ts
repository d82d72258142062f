import { defineLookups } from '../../engine/lookups.ts';
import { addressOf } from '../client-text.ts';
import type { StreamModule } from '../stream-module.ts';

const NONE: readonly string[] = [];

/** `map`, `geo` and `split_clients`: variables that are looked up in tables. */
export const streamLookupModule: StreamModule = {
  name: 'lookup',
  site(site) {
    defineLookups(site.conf, {
      variables: site.variables,
      template: (template) => site.template(template),
      address: addressOf,
      forwardedFor: () => NONE,
      captured: (session, captures) => session.captured(captures),
    });
  },
};
