import type { StreamModule } from '../stream-module.ts';

/** `return`: a text for every client. */
export const streamReturnModule: StreamModule = {
  name: 'return',
  server(server, site) {
    const { streamContent } = server.conf;
    if (streamContent?.kind !== 'return') return;
    const text = site.template(streamContent.text);
    server.content = (session) => session.respond(text(session));
  },
};
