import { rule } from '../net/worlds.ts';
import { exchange, location, run, server } from './site-kit.ts';

const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n';
const REFUSED = 'G@T / HTTP/1.1\r\nHost: a\r\n\r\n';

rule('what is refused is answered, also behind a body that was dropped', async (t, world) => {
  const site = await run(world, [server({ location: location('') })]);
  const same = await exchange(world, site, `${POST}\r\nabc${REFUSED}`);
  t.deepEqual(same.match(/^HTTP\/1\.1 \d+/gm), ['HTTP/1.1 404', 'HTTP/1.1 400']);
  await site.close();
});

rule('nor does another connection suffer from it', async (t, world) => {
  const site = await run(world, [server({ location: location('') })]);
  await exchange(world, site, `${POST}Connection: close\r\n\r\nabc`);
  t.regex(await exchange(world, site, REFUSED), /^HTTP\/1\.1 400 /);
  await site.close();
});
