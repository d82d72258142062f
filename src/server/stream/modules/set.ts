import type { StreamModule } from '../stream-module.ts';

/** `set`: variables get their values before access is decided. */
export const streamSetModule: StreamModule = {
  name: 'set',
  site(site) {
    const { variables } = site;
    for (const { variable } of site.conf.servers.flatMap(({ sets }) => sets)) {
      const { set } = variables.defineSettable(variable);
      if (set === undefined) throw new Error(`the duplicate "${variable}" variable`);
    }
  },
  server(server, site) {
    for (const { variable, value } of server.conf.sets) {
      const { set } = site.variables.find(variable);
      const text = site.template(value);
      server.preAccess.push((session) => {
        set?.(session, text(session));
        return 0;
      });
    }
  },
};
