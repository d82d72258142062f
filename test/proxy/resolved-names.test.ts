import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { Resolver } from '../../src/cli/dns.ts';
import { defineProxy, upstream } from '../../src/proxy/index.ts';
import { closed } from '../net/worlds.ts';
import { REAL_PORTS } from '../support/real-ports.ts';
import { ZoneServer } from '../support/zone-server.ts';
import { Peer } from './peer.ts';
import { eventually } from './site.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const SERVFAIL = 2;

async function backend(body: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

for (const [name, open] of Object.entries(REAL_PORTS)) {
  test(`a group follows a service of a real name server (${name})`, async (t) => {
    t.timeout(60_000, 'the test has not ended');
    const core = open();
    const zone = await ZoneServer.open(core, { family: 'ipv4', address: '127.0.0.1', port: 0 });
    const [one, two] = [await backend('one'), await backend('two')];
    const record = (port: number, priority: number) => ({
      type: 'SRV' as const,
      name: '_http._tcp.backend.test',
      ttl: 60,
      data: { target: 'host.backend.test', port, priority, weight: 1 },
    });
    const serve = (...records: ReturnType<typeof record>[]) =>
      zone.set('_http._tcp.backend.test', 'SRV', { records });
    serve(record(one.port, 1), record(two.port, 2));
    zone.addresses('host.backend.test', ['127.0.0.1']);
    // What fails in part is asked for again after a second: the change below is seen soon.
    zone.set('host.backend.test', 'AAAA', { rcode: SERVFAIL });
    const resolver = new Resolver(core, { servers: [zone.text] });
    const group = upstream('api', {
      servers: ['http://backend.test'],
      resolve: { service: 'http' },
    });
    const running = await defineProxy({ upstreamPeer: () => group }).listen({
      port: 0,
      host: '127.0.0.1',
      core,
      resolver,
    });
    const ask = async (): Promise<string> => {
      const client = await Peer.connect(running.address.port);
      client.write(GET);
      const { body } = await client.response();
      client.leave();
      return body.toString();
    };
    t.is(await ask(), 'one');
    serve(record(two.port, 1));
    let last = '';
    for (let i = 0; i < 200 && last !== 'two'; i += 1) {
      last = await ask();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    t.is(last, 'two');
    await running.close({ drainMs: 0 });
    t.is(resolver.stats().watchers, 0);
    await resolver[Symbol.asyncDispose]();
    await zone.close();
    t.true(await eventually(() => core.openSockets === 0));
    await closed(core);
    for (const { server } of [one, two]) {
      server.close();
      server.closeAllConnections();
    }
  });

  test(`addresses of both families serve alike (${name})`, async (t) => {
    const seen = new Set<string>();
    const server = createServer((request, response) => {
      seen.add(request.socket.localAddress ?? '');
      response.end('here');
    });
    const isDual = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(0, '::', () => resolve(true));
    });
    if (!isDual) {
      t.log('skipped: there is no IPv6 here');
      t.pass();
      return;
    }
    const { port } = server.address() as AddressInfo;
    const core = open();
    const lookup = async () => ({ addresses: ['127.0.0.1', '::1'], ttlMs: 60_000 });
    const group = upstream('api', { servers: [`http://backend.test:${port}`] });
    const running = await defineProxy({ upstreamPeer: () => group }).listen({
      port: 0,
      host: '127.0.0.1',
      core,
      lookup,
    });
    for (let i = 0; i < 4; i += 1) {
      const client = await Peer.connect(running.address.port);
      client.write(GET);
      t.is((await client.response()).body.toString(), 'here');
      client.leave();
    }
    t.deepEqual([...seen].sort(), ['::1', '::ffff:127.0.0.1']);
    await running.close({ drainMs: 0 });
    t.true(await eventually(() => core.openSockets === 0));
    await closed(core);
    server.close();
    server.closeAllConnections();
  });
}
