import type { ServerOptions } from '../../../src/compat/http-proxy/index.ts';
import { declareRules, type Rule } from './rule.ts';
import { raw } from './world.ts';

/** The path that arrives at a target on `/base` for a path that was asked for. */
const pathRule = (
  title: string,
  asked: string,
  expected: string,
  options: ServerOptions = {},
  base = '/base',
): Rule => ({
  title,
  run: async (world) => {
    const target = await world.echo();
    const proxy = await world.proxy({ ...options, target: target + base });
    const answer = await raw(
      proxy,
      `GET ${asked} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    return /"url":"(.*?)","headers/.exec(answer)?.[1]?.replaceAll(target, 'TARGET');
  },
  expected,
});

const PATHS: readonly Rule[] = [
  pathRule("the target's path stands in front, and the query stays", '/x?y=1', '/base/x?y=1'),
  pathRule('slashes that follow one another become one', '//x///y?a=//b', '/base/x/y?a=//b'),
  pathRule('ignorePath sends the path of the target alone', '/x?y', '/base', { ignorePath: true }),
  pathRule('prependPath: false sends the path of the request alone', '/x', '/x', {
    prependPath: false,
  }),
  pathRule('an empty target path adds nothing', '/x', '/x', {}, ''),
  pathRule('a request in absolute form loses scheme and authority', 'http://h:1/x?y', '/base/x?y'),
  pathRule(
    'toProxy sends the URL as it came',
    'http://h:1/x',
    'http://h:1/x',
    { toProxy: true, prependPath: false },
    '',
  ),
  pathRule('a backslash becomes a slash', '/a\\b?c\\d', '/base/a/b?c\\\\d'),
  pathRule(
    'characters that no path should have go on as they are',
    `/a'b{c}|d^e\`f<g>`,
    "/base/a'b{c}|d^e`f<g>",
  ),
  pathRule('several question marks stay', '/x?a?b', '/base/x?a?b'),
];

declareRules(PATHS);
