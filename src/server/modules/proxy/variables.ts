import type { ServerConnection } from '../../../http/server-connection.ts';
import type { HttpModule } from '../../engine/module.ts';

/** What is known of the server that a request went to. */
export const upstreamVariables: Pick<HttpModule, 'variables'> = {
  variables: {
    proxy_host: ({ destination }) => destination?.host,
    proxy_port: ({ destination }) => destination?.port,
    proxy_add_x_forwarded_for: (request) => {
      const client = request.client as ServerConnection;
      const list = client.head.get('x-forwarded-for');
      return list === undefined ? client.address : `${list}, ${client.address}`;
    },
  },
};
