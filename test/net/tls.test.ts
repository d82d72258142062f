import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { IoError, nodeTls, type SecureStream, type Stream } from '../../src/net/index.ts';
import { selfSigned } from '../support/certificate.ts';
import { pair, rule, textOf, type World } from './worlds.ts';

const identity = selfSigned('sluice.test');
const server = nodeTls().server({ identity, alpn: ['h2', 'http/1.1'] });
const trusting = { serverName: 'sluice.test', authorities: identity.certificate };

async function securePair(w: World): Promise<[SecureStream, SecureStream]> {
  const [a, b] = await pair(w);
  return Promise.all([nodeTls().client(a, { ...trusting, alpn: ['http/1.1'] }), server.secure(b)]);
}

test('the certificate of these tests is one that Node reads and verifies', (t) => {
  const certificate = new X509Certificate(identity.certificate);
  t.true(certificate.verify(certificate.publicKey));
  t.is(certificate.checkHost('sluice.test'), 'sluice.test');
  t.is(certificate.checkHost('other.test'), undefined);
});

rule('an echo over TLS, with node:tls on both ends', async (t, w) => {
  const [client, peer] = await securePair(w);
  const echo = (async () => {
    for await (const chunk of peer) await peer.send(chunk);
    await peer.close();
  })();
  const sent = Buffer.alloc(1_000_000, 'the quick brown fox ');
  const received = textOf(client);
  await client.send(sent);
  await client.shutdown();
  t.true((await received) === sent.toString());
  await Promise.all([client.close(), echo]);
});

rule('a handshake agrees on a name, a protocol and a version', async (t, w) => {
  const [client, peer] = await securePair(w);
  t.is(client.session.protocol, 'TLSv1.3');
  t.is(client.session.alpn, 'http/1.1');
  t.is(peer.session.alpn, 'http/1.1');
  t.is(peer.session.serverName, 'sluice.test');
  t.true(client.session.authorized);
  t.deepEqual(
    client.session.peerCertificate && Buffer.from(client.session.peerCertificate),
    new X509Certificate(identity.certificate).raw,
  );
  await Promise.all([client.close(), peer.close()]);
});

rule('a receive that is aborted loses no bytes of a secure stream', async (t, w) => {
  const [client, peer] = await securePair(w);
  const controller = new AbortController();
  const reason = new Error('enough');
  const received = client.recv({ signal: controller.signal });
  controller.abort(reason);
  t.is(await t.throwsAsync(received), reason);
  await t.throwsAsync(client.recv({ timeoutMs: 5 }), { instanceOf: IoError, code: 'expired' });
  await peer.send('later');
  t.is(Buffer.from((await client.recv()) ?? []).toString(), 'later');
  await Promise.all([client.close(), peer.close()]);
});

rule('a certificate that nobody vouches for ends the handshake on both ends', async (t, w) => {
  const [a, b] = await pair(w);
  const secured = server.secure(b);
  const refused = t.throwsAsync(nodeTls().client(a, { serverName: 'sluice.test' }), {
    instanceOf: IoError,
    code: 'tls',
  });
  // In TLS 1.3 the server has ended its handshake before it learns what the client thinks.
  const end = await secured
    .then(
      (peer) => peer.recv().finally(() => peer.close({ how: 'reset' })),
      (error: unknown) => error,
    )
    .catch((error: unknown) => error);
  t.true(end === undefined || end instanceof IoError);
  await refused;
});

rule('a client that speaks no TLS fails the handshake', async (t, w) => {
  const [a, b] = await pair(w);
  const secured = server.secure(b);
  await a.send('GET / HTTP/1.1\r\n\r\n');
  await t.throwsAsync(secured, { instanceOf: IoError });
  await a.close({ how: 'reset' });
});

rule('a handshake that takes too long ends as expired and closes the stream', async (t, w) => {
  const [a, b] = await pair(w);
  const secured = server.secure(b, { timeoutMs: 30 });
  await t.throwsAsync(secured, { instanceOf: IoError, code: 'expired' });
  t.is(w.port.openSockets, 1);
  await a.close({ how: 'reset' });
});

rule('a reset behind TLS is the fault of the transport', async (t, w) => {
  const [a, b] = await pair(w);
  const [client] = await Promise.all([nodeTls().client(a, trusting), server.secure(b)]);
  const received = client.recv();
  await (b as Stream).close({ how: 'reset' });
  await t.throwsAsync(received, { instanceOf: IoError, code: 'reset' });
  await client.close();
});
