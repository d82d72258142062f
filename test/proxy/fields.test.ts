import { fieldOf, fieldsOf } from './peer.ts';
import { siteTest } from './site.ts';
import { answering, ok } from './upstream.ts';

const HOST = 'Host: client.test\r\n';

siteTest('fields for one connection alone are removed both ways', async (t, site) => {
  let asked = '';
  const dropped =
    'Connection: close, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n' +
    'Trailer: X\r\nUpgrade: h2c\r\nProxy-Connection: keep-alive\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
  await site.start(
    answering((head) => {
      asked = head;
      return ok('x', `${dropped}Kept: yes\r\n`);
    }),
  );
  const { head } = await site.ask(`GET / HTTP/1.1\r\n${HOST}${dropped}Kept: yes\r\n\r\n`);
  for (const name of [
    'x-private',
    'keep-alive',
    'te',
    'trailer',
    'upgrade',
    'proxy-connection',
    'http2-settings',
  ]) {
    t.is(fieldOf(asked, name), undefined, `${name} in the request`);
    t.is(fieldOf(head, name), undefined, `${name} in the response`);
  }
  t.is(fieldOf(asked, 'connection'), undefined);
  t.is(fieldOf(asked, 'kept'), 'yes');
  t.is(fieldOf(head, 'kept'), 'yes');
});

siteTest('Host is replaced, also that of an absolute target', async (t, site) => {
  await site.start(answering((head) => ok(head)));
  const { body } = await site.ask(`GET http://other.test/p?q HTTP/1.1\r\n${HOST}\r\n`);
  t.regex(body.toString(), /^GET \/p\?q HTTP\/1\.1\r\n/);
  t.deepEqual(fieldsOf(body.toString(), 'host'), ['backend.test']);
});

siteTest('the client’s address is appended to every X-Forwarded-For there was', async (t, site) => {
  await site.start(answering((head) => ok(head)));
  const fields = 'X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\nx-forwarded-for: 192.0.2.3\r\n';
  const { body } = await site.ask(`GET / HTTP/1.1\r\n${HOST}${fields}\r\n`);
  const said = fieldsOf(body.toString(), 'x-forwarded-for').join(', ');
  t.is(said, '192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1');
});

siteTest('X-Forwarded-For passes as it is where nothing is appended', async (t, site) => {
  await site.start(
    answering((head) => ok(head)),
    { forwardedFor: false },
  );
  const { body } = await site.ask(`GET / HTTP/1.1\r\n${HOST}X-Forwarded-For: 192.0.2.1\r\n\r\n`);
  t.deepEqual(fieldsOf(body.toString(), 'x-forwarded-for'), ['192.0.2.1']);
});

siteTest('100-continue is answered here and not forwarded', async (t, site) => {
  await site.start(async (peer) => {
    const head = (await peer.head()) ?? '';
    t.is(fieldOf(head, 'expect'), undefined);
    peer.write(ok((await peer.take(3)).toString()));
  });
  const client = await site.client();
  client.write(`PUT / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n`);
  t.is((await client.response()).status, 100);
  client.write('abc');
  t.is((await client.response()).body.toString(), 'abc');
});

siteTest('interim responses are consumed', async (t, site) => {
  const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(10);
  await site.start(answering(() => interim + ok('final')));
  const client = await site.client();
  for (let i = 0; i < 2; i += 1) {
    client.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    const { status, body } = await client.response();
    t.is(status, 200);
    t.is(body.toString(), 'final');
  }
  t.is(site.seen, 1);
});
