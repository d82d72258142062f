import type { ServerConnection } from '../../http/server-connection.ts';
import { defineLookups } from '../engine/lookups.ts';
import type { HttpModule } from '../engine/module.ts';
import { valuesOf } from './received-fields.ts';

/** `map`, `geo` and `split_clients`: variables that are looked up in tables. */
export const lookupModule: HttpModule = {
  name: 'lookup',
  site(site) {
    defineLookups(site.conf, {
      variables: site.variables,
      template: (template) => site.template(template),
      address: ({ from }) => from.text,
      forwardedFor: ({ client }) => valuesOf((client as ServerConnection).head, 'x-forwarded-for'),
      captured: (request, captures) => request.captured(captures),
    });
  },
};
