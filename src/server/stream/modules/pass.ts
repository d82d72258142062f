import type { Endpoint } from '../../../core/endpoint.ts';
import { parseEndpoint } from '../../../net/address.ts';
import { IoError } from '../../../net/io-error.ts';
import type { StreamModule } from '../stream-module.ts';
import { STREAM_STATUS } from '../stream-server.ts';
import type { StreamSession } from '../stream-session.ts';
import type { Neighbour, StreamSite } from '../stream-site.ts';
import { TcpSession } from '../tcp-session.ts';

/** How often one connection may be passed on: addresses may name each other. */
export const PASSES_MAX: number = 10;

/** `pass`: a connection goes to another `listen` of the program, without a connection between. */
export const streamPassModule: StreamModule = {
  name: 'pass',
  server(server, site) {
    const { streamContent } = server.conf;
    if (streamContent?.kind !== 'pass') return;
    const address = site.template(streamContent.to);
    server.content = (session) => {
      const problem = passTo(session, address(session));
      if (problem === undefined) return;
      session.log('error', `${problem} while passing connection to port`);
      session.finish(STREAM_STATUS.internalError);
    };
  },
};

/** What is wrong; `undefined`: the session is over. */
function passTo(session: StreamSession, address: string): string | undefined {
  if (!(session instanceof TcpSession)) return 'cannot pass udp connection';
  if (session.preread.length > 0) return 'cannot pass connection with preread data';
  const endpoint = endpointOf(address);
  if (typeof endpoint === 'string') return endpoint;
  if (session.passes === PASSES_MAX) return 'stream pass cycle detected';
  const take = listenerAt(session.site, endpoint)?.take;
  if (take !== undefined) take(session.leave(), session.passes + 1);
  else {
    session.log('error', `port not found for "${address}" while passing connection to port`);
    session.finish(STREAM_STATUS.ok);
  }
  return undefined;
}

function endpointOf(address: string): Endpoint | string {
  if (!address.startsWith('unix:') && !/:\d+$|^\d+$/.test(address)) {
    return `no port in pass "${address}"`;
  }
  try {
    return parseEndpoint(address, { address: '127.0.0.1' });
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    return `invalid address in pass "${address}"`;
  }
}

const WILDCARDS: Readonly<Record<string, string>> = { ipv4: '0.0.0.0', ipv6: '::' };

/** The listener of this address, or of all addresses with its port. */
function listenerAt(site: StreamSite, endpoint: Endpoint): Neighbour | undefined {
  const { family, address, port } = endpoint;
  const all: readonly Neighbour[] = [...site.listeners, ...site.neighbours];
  const fits = (wanted: string): Neighbour | undefined =>
    all.find(({ endpoint: has, take }) => {
      return (
        take !== undefined && has.family === family && has.port === port && has.address === wanted
      );
    });
  return fits(address) ?? fits(WILDCARDS[family] ?? address);
}
