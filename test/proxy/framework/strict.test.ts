import { defineProxy } from '../../../src/proxy/framework/index.ts';
import { Peer } from '../peer.ts';
import {
  cutsAll,
  forwardsAll,
  passesNone,
  passesUnpooled,
  refusesAll,
  saying,
} from '../strict-checks.ts';
import { FORWARDED, REFUSED } from '../strict-request-rows.ts';
import { CUT, NOT_PASSED, NOT_POOLED } from '../strict-response-rows.ts';
import { answering, ok } from '../upstream.ts';
import { type AnyPhases, nodeTest, request } from './world.ts';

const LOOKED = 'with its path looked at';
const LINE = 'X-Seen: 1';

/** Without changes a head is forwarded in slices of its text, with one it is written anew. */
const VARIANTS: readonly (readonly [name: string, phases: AnyPhases])[] = [
  ['as it came', {}],
  [
    'with a field of a plugin',
    {
      upstreamRequestFilter: (_session, up) => {
        up.headers.set('X-Seen', '1');
      },
    },
  ],
  [
    LOOKED,
    {
      requestFilter: (session) => {
        if (session.req.path === '') throw new Error('no path');
      },
    },
  ],
];

for (const [variant, phases] of VARIANTS) {
  for (const row of REFUSED) {
    if (row.config !== undefined) continue;
    nodeTest(`${variant}: ${row.title}: ${row.rule}`, async (t, world) => {
      const { url, recorder } = await world.recorder();
      await world.listen(defineProxy({ ...phases, upstreamPeer: () => url }));
      await refusesAll(t, world, recorder, row);
    });
  }

  for (const row of FORWARDED) {
    if (row.config !== undefined) continue;
    // Where somebody has looked at a path, the one that was seen is forwarded.
    if (variant === LOOKED && row.rule === 'the bytes that came') continue;
    nodeTest(`${variant}: ${row.title}: ${row.rule}`, async (t, world) => {
      const { url, recorder } = await world.recorder();
      const proxy = defineProxy({ ...phases, upstreamPeer: () => url });
      await world.listen(proxy, { forwardedFor: false, upgrades: [] });
      const host = new URL(url).host;
      const isChanged = variant === 'with a field of a plugin';
      await forwardsAll(t, world, recorder, row, isChanged ? { host, line: LINE } : { host });
    });
  }
}

/** As it came, with a changed head, and with a body that is framed anew. */
const ANSWERS: readonly (readonly [name: string, phases: AnyPhases])[] = [
  ['as it came', {}],
  ['with a changed head', { responseFilter: (_session, res) => void res.headers.set('X', '1') }],
  ['with a filtered body', { responseBodyFilter: () => undefined }],
];

const CHECKS = [
  [NOT_PASSED, '502, nothing passed on', passesNone],
  [CUT, 'the client is cut', cutsAll],
  [NOT_POOLED, 'passed on, its connection not pooled', passesUnpooled],
] as const;

for (const [variant, phases] of ANSWERS) {
  for (const [rows, rule, check] of CHECKS) {
    for (const row of rows) {
      nodeTest(`${variant}: ${row.title}: ${rule}`, async (t, world) => {
        const url = await world.upstream(saying(Object.values(row.texts)));
        await world.listen(defineProxy({ ...phases, upstreamPeer: () => url }));
        await check(t, world, row);
      });
    }
  }
}

nodeTest(
  'names with an underscore are kept or refused where a listener says so',
  async (t, world) => {
    const { url, recorder } = await world.recorder();
    const proxy = defineProxy({ upstreamPeer: () => url });
    await world.listen(proxy, { underscores: 'keep' });
    t.is((await world.get('/', 'X_Y: 1\r\n')).status, 200);
    t.true(recorder.requests[0]?.fields.includes('X_Y: 1'));
    const refusing = await world.listen(proxy, { underscores: 'refuse' });
    const client = await Peer.connect(refusing.address.port);
    client.write(request('GET', '/', 'X_Y: 1\r\n'));
    t.is((await client.response()).status, 400);
    client.leave();
  },
);

nodeTest('103 is forwarded where a listener says so, and dropped elsewhere', async (t, world) => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
  const url = await world.upstream(answering(() => early + ok('abc')));
  const proxy = defineProxy({ upstreamPeer: () => url });
  await world.listen(proxy);
  t.is((await world.get('/')).status, 200);
  const hinting = await world.listen(proxy, { earlyHints: true });
  const client = await Peer.connect(hinting.address.port);
  client.write(request('GET', '/'));
  t.is((await client.response()).head, early.trim());
  t.is((await client.response()).body.toString(), 'abc');
  client.leave();
});
