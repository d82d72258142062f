import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer, get as getTls } from 'node:https';
import { type AddressInfo, connect, type LookupFunction } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Agent, request } from 'undici';
import { selfSigned } from '../support/certificate.ts';
import { lookupTest } from './lookup-bench.ts';

const identity = selfSigned('www.test');

lookupTest('node:http, and node:net with and without both families', async (t, { resolver }) => {
  const server = createServer((_request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { lookup } = resolver;
  // The type that Node's own functions take.
  const asNode: LookupFunction = lookup;
  for (const autoSelectFamily of [true, false]) {
    const options = { host: 'four.test', port, lookup: asNode, agent: false, autoSelectFamily };
    const asked = get(options);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    t.is(await textOf(response), 'hello');
    const socket = connect({ host: 'four.test', port, lookup, autoSelectFamily });
    await once(socket, 'connect');
    t.is(socket.remoteAddress, '127.0.0.1');
    socket.destroy();
  }
  const failed = connect({ host: 'none.test', port, lookup });
  const [error] = (await once(failed, 'error')) as [NodeJS.ErrnoException];
  t.is(error.code, 'ENOTFOUND');
  server.close();
});

lookupTest('node:https and node:tls', async (t, { resolver }) => {
  const { key, certificate } = identity;
  const server = createTlsServer({ key, cert: certificate }, (_request, response) => {
    response.end('hello');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const options = {
    host: 'four.test',
    servername: 'www.test',
    port,
    ca: certificate,
    lookup: resolver.lookup,
    agent: false,
  } as const;
  const [response] = (await once(getTls(options), 'response')) as [IncomingMessage];
  t.is(await textOf(response), 'hello');
  const socket = connectTls(options);
  await once(socket, 'secureConnect');
  t.true(socket.authorized);
  socket.destroy();
  server.close();
});

lookupTest('undici', async (t, { resolver }) => {
  const server = createServer((_request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dispatcher = new Agent({ connect: { lookup: resolver.lookup } });
  const { body } = await request(`http://four.test:${port}/`, { dispatcher });
  t.is(await body.text(), 'hello');
  const failed = await request(`http://none.test:${port}/`, { dispatcher }).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  t.is(failed?.code, 'ENOTFOUND');
  await dispatcher.close();
  server.close();
});

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}
