import { readFileSync } from 'node:fs';
import test from 'ava';
import { NGINX_MODULES } from '../../src/config/nginx/index.ts';
import { nginxDoc } from '../../src/config/nginx-doc.ts';
import { DIRECTIVES } from '../../src/config/registry.ts';

test('docs/nginx.md says what the tables of directives say (npm run docs)', (t) => {
  t.is(readFileSync('docs/nginx.md', 'utf8'), nginxDoc(DIRECTIVES));
});

test('the page has every directive of every module', (t) => {
  const text = nginxDoc(DIRECTIVES);
  for (const { name, directives } of NGINX_MODULES) {
    const start = text.indexOf(`## ${name}\n`);
    t.true(start >= 0, name);
    const section = text.slice(start, text.indexOf('\n## ', start));
    for (const directive of directives) t.true(section.includes(`\`${directive}\``), directive);
  }
});

test('a directive without effect, one in part, and one that is not there are told apart', (t) => {
  const text = nginxDoc([
    {
      gzip: { contexts: ['http'], args: 'flag', support: 'not yet', note: 'soon', read: () => {} },
      aio: { contexts: ['http'], args: 1, support: 'no effect', read: () => {} },
      root: { contexts: ['http'], args: 1, default: 'html', read: () => {} },
      proxy_pass: {
        contexts: ['location'],
        args: 1,
        support: 'partly',
        note: 'a|b',
        read: () => {},
      },
      own_word: { contexts: ['http'], args: 1, note: 'ours', read: () => {} },
    },
  ]);
  t.true(text.includes('| `gzip` | no |  | soon |'));
  t.true(text.includes('| `aio` | no effect |  |  |'));
  t.true(text.includes('| `root` | yes | `html` |  |'));
  t.true(text.includes('| `proxy_pass` | partly |  | a\\|b |'));
  t.true(text.includes('| `alias` | no |  |  |'));
  t.true(text.includes('## Beyond nginx\n\n| directive | |\n|---|---|\n| `own_word` | ours |'));
});
