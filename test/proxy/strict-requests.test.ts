import { Recorder } from './recorder.ts';
import { siteTest } from './site.ts';
import { forwardsAll, refusesAll } from './strict-checks.ts';
import { FORWARDED, REFUSED } from './strict-request-rows.ts';

for (const row of REFUSED) {
  siteTest(`${row.title}: ${row.rule}`, async (t, site) => {
    const recorder = new Recorder();
    await site.start(recorder.script, row.config ?? {});
    await refusesAll(t, site, recorder, row);
  });
}

for (const row of FORWARDED) {
  siteTest(`${row.title}: ${row.rule}`, async (t, site) => {
    const recorder = new Recorder();
    await site.start(recorder.script, { forwardedFor: false, ...row.config });
    await forwardsAll(t, site, recorder, row, { host: 'backend.test' });
  });
}
