import test from 'ava';
import { Place } from './running-program.ts';

const strips = typeof (process.features as { typescript?: unknown }).typescript === 'string';

test('phase_module loads a plugin in JavaScript, and a reload its next version', async (t) => {
  const place = new Place(t);
  const plugin = (word: string): string =>
    `export default { name: 'p', phases: { requestFilter: () => ({ status: 200, body: '${word}' }) } };`;
  place.write('p.mjs', plugin('one'));
  place.configure('location / { phase_module ./p.mjs; }');
  const child = await place.start();
  t.is(await place.get(), 'one');
  place.write('p.mjs', `${plugin('two')} // A file of the same time is the same file.`);
  child.kill('SIGHUP');
  await place.until('the new plugin', async () => (await place.get()) === 'two');
  t.pass();
});

test('a plugin in TypeScript runs where Node runs it, and is refused elsewhere', async (t) => {
  const place = new Place(t);
  place.write(
    'p.mts',
    'export const requestFilter = (_s: unknown): { status: number; body: string } => ({ status: 200, body: "ts" });',
  );
  place.configure('phase_module p.mts;');
  const { status, err } = await place.run(['-t']);
  if (!strips) {
    t.is(status, 1);
    t.regex(err, /phase_module ".*p\.mts" is TypeScript, which Node [\d.]+ does not run in .*:\d+/);
    return;
  }
  t.is(status, 0, err);
  await place.start();
  t.is(await place.get(), 'ts');
});

test('a plugin that cannot be used is a mistake of the configuration', async (t) => {
  const place = new Place(t);
  place.write('p.mjs', 'export const upstreamPeer = () => "x";');
  place.configure('phase_module p.mjs;');
  const { status, err } = await place.run(['-t']);
  t.is(status, 1);
  t.regex(err, /phase_module ".*p\.mjs" cannot be used: the phase "upstreamPeer" does not run/);
  place.configure('phase_module missing.mjs;');
  t.regex((await place.run(['-t'])).err, /phase_module ".*missing\.mjs" cannot be used: ENOENT/);
});
