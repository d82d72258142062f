import type { ExecutionContext } from 'ava';
import { fieldOf } from './peer.ts';
import { Recorder } from './recorder.ts';
import { type Site, type SiteConfig, siteTest } from './site.ts';
import { FORWARDED, type Forwarded, REFUSED } from './strict-request-rows.ts';

/** What would be smuggled if the end of the input before it were somewhere else. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const GOOD = 'GET /good HTTP/1.1\r\nHost: x\r\n\r\n';

for (const row of REFUSED) {
  siteTest(`${row.title}: ${row.rule}`, async (t, site) => {
    const recorder = new Recorder();
    await site.start(recorder.script, row.config ?? {});
    for (const [name, text, status] of row.inputs) {
      await refuses(t, site, recorder, { name, text, status, isBody: row.inBody === true });
    }
    await serves(t, site, recorder);
  });
}

type Input = { name: string; text: string; status: number; isBody: boolean };

/** `text` is refused with `status`, alone and behind a good request, and the connection closed. */
async function refuses(
  t: ExecutionContext,
  site: Site,
  recorder: Recorder,
  { name, text, status, isBody }: Input,
): Promise<void> {
  for (const before of ['', GOOD]) {
    recorder.raw = '';
    recorder.requests.length = 0;
    const client = await site.client();
    client.write(before + text + SMUGGLED);
    if (before !== '') t.is((await client.response()).status, 200, name);
    const { status: answered, head, body } = await client.response();
    t.is(answered, status, name);
    t.is(fieldOf(head, 'connection'), 'close', name);
    t.regex(body.toString(), new RegExp(`^${status} `), name);
    const { data, end } = await client.rest();
    t.is(data.length, 0, `${name}: nothing behind the answer`);
    t.is(end, 'fin', name);
    const whole = recorder.requests.map(({ first }) => first);
    t.deepEqual(whole, before === '' ? [] : ['GET /good HTTP/1.1'], name);
    t.false(recorder.raw.includes('smuggled'), name);
    // Of a body that proves bad on its way, the head may be out; of a bad head no byte is.
    const heads = recorder.raw.split('HTTP/1.1\r\n').length - 1;
    if (!isBody) t.is(heads, whole.length, `${name}: the upstream has seen ${recorder.raw}`);
  }
}

async function serves(t: ExecutionContext, site: Site, recorder: Recorder): Promise<void> {
  recorder.requests.length = 0;
  t.is((await site.ask(GOOD)).status, 200, 'the next request is served');
  t.is(recorder.requests[0]?.first, 'GET /good HTTP/1.1');
}

for (const row of FORWARDED) {
  siteTest(`${row.title}: ${row.rule}`, async (t, site) => {
    const recorder = new Recorder();
    const config: SiteConfig = { forwardedFor: false, ...row.config };
    await site.start(recorder.script, config);
    for (const input of row.inputs) await forwards(t, site, recorder, input);
  });
}

/** What is forwarded is what was meant, field by field, and what follows it is another request. */
async function forwards(
  t: ExecutionContext,
  site: Site,
  recorder: Recorder,
  { name, text, first, fields, body, isLast }: Forwarded['inputs'][number],
): Promise<void> {
  recorder.requests.length = 0;
  const client = await site.client();
  client.write(text + GOOD);
  const isHead = text.startsWith('HEAD ');
  t.is((await finalResponse(client, isHead)).status, 200, name);
  if (isLast) t.is((await client.rest()).end, 'fin', name);
  else t.is((await client.response()).status, 200, `${name}: the next request`);
  client.leave();
  const expected = { first, fields: ['Host: backend.test', ...fields], body: body ?? '' };
  t.deepEqual(recorder.requests[0], expected, name);
  const then = recorder.requests.slice(1).map((request) => request.first);
  t.deepEqual(then, isLast ? [] : ['GET /good HTTP/1.1'], name);
}

async function finalResponse(
  client: Awaited<ReturnType<Site['client']>>,
  isHead: boolean,
): Promise<{ status: number }> {
  for (;;) {
    const response = await client.response(isHead);
    if (response.status >= 200) return response;
  }
}
