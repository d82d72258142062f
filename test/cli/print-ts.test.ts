import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Place } from './running-program.ts';

const DIST = fileURLToPath(new URL('../..', import.meta.url));
const TSC = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(
  'package.json',
  'bin/tsc',
);
const OPTIONS = [
  '--target es2023 --module nodenext --types node --skipLibCheck --strict',
  '--exactOptionalPropertyTypes --noUncheckedIndexedAccess --verbatimModuleSyntax',
  '--ignoreConfig',
].flatMap((line) => line.split(' '));

test('--print-ts writes a program that compiles, and serves what the file says', async (t) => {
  const place = new Place(t);
  place.configure(
    `set $x "it's \\\\ one"; error_page 404 =200 /e;
     location / { if ($arg_a ~ ^b(.*)$) { return 200 "if $1"; } return 200 "hi $x $m $s\\n"; }
     location ~* \\.(?<ext>png|gif)$ { return 200 $ext; }
     location = /e { return 200 e; }
     location /none { try_files /nothing =404; }
     location /up { proxy_pass http://back/y/; }`,
    'worker_shutdown_timeout 1s;',
  );
  const text = place.read('nginx.conf').replace(
    'http {',
    `http { map $uri $m { default d; ~^/q u; } split_clients $uri $s { * only; }
       upstream back { server unix:${place.path('a.sock')}; keepalive 4; }
       server { listen unix:${place.path('b.sock')}; return 200 "b $request_uri"; }
       types { text/plain txt; }`,
  );
  place.write('nginx.conf', text);
  const printed = await place.run(['--print-ts']);
  t.is(printed.err, '');
  t.is(printed.status, 0);
  // Within the package, so that it finds `sluice/server` by its name.
  const folder = mkdtempSync(join(DIST, 'print-ts-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'site.ts'), printed.out);
  const compiled = spawnSync(process.execPath, [TSC, ...OPTIONS, join(folder, 'site.ts')]);
  t.is(`${compiled.stdout}${compiled.stderr}`, '');
  const child = spawn(process.execPath, [join(folder, 'site.js')], { stdio: 'inherit' });
  t.teardown(() => child.kill('SIGKILL'));
  await place.until('an answer', () =>
    place.get('b.sock', '/q').then(
      (body) => body === 'b /q',
      () => false,
    ),
  );
  t.is(await place.get('a.sock', '/q'), "hi it's \\ one u only\n");
  t.is(await place.get('a.sock', '/q?a=bcd'), 'if cd');
  t.is(await place.get('a.sock', '/x.PNG'), 'PNG');
  t.is(await place.get('a.sock', '/none'), 'e');
});

test('--print-ts takes the file as its word, and tells what is wrong with it', async (t) => {
  const place = new Place(t);
  place.write('bad.conf', 'events {}\nhttp { oops; }');
  const { status, err } = await place.run(['--print-ts', place.path('bad.conf')]);
  t.is(status, 1);
  t.regex(err, /unknown directive "oops" in .*bad\.conf:2/);
});
