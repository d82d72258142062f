import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';
import { connect, listen } from '../../../src/net/index.ts';

export const ANY: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 };

export function closed(port: Pick<ProactorPort, 'close'>): Promise<void> {
  return new Promise((resolve) => port.close(resolve));
}

/** One byte there and back through a new connection of `port`. */
export async function echo(port: ProactorPort): Promise<void> {
  const listener = await listen(port, ANY);
  const [client, server] = await Promise.all([connect(port, listener.endpoint), listener.accept()]);
  await client.send(Buffer.from('x'));
  await server.recvInto([Buffer.alloc(1)], { minBytes: 1 });
  await Promise.all([
    client.close({ how: 'reset' }),
    server.close({ how: 'reset' }),
    listener.close(),
  ]);
}
