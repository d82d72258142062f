import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerOptions } from '../../../src/compat/http-proxy/index.ts';
import { declareRules, type Rule } from './rule.ts';
import { ask } from './world.ts';

const COOKIES = ['a=1; Domain=old.example; Path=/p', 'b=2; path=/q; domain=keep.example', 'c=3'];

const answerRule = (
  title: string,
  answer: (res: ServerResponse, target: string) => void,
  options: ServerOptions,
  observe: (headers: IncomingMessage['headers'], target: string) => unknown,
  expected: unknown,
): Rule => ({
  title,
  run: async (world) => {
    const target = await world.serve((req, res) => {
      answer(res, `http://${req.headers.host}`);
      res.end();
    });
    const proxy = await world.proxy({ ...options, target, changeOrigin: true });
    const { headers } = await ask(proxy, '/', { headers: { Host: 'front.example:8' } });
    return observe(headers, target);
  },
  expected,
});

const cookieRule = (title: string, options: ServerOptions, expected: readonly string[]): Rule =>
  answerRule(
    title,
    (res) => res.setHeader('Set-Cookie', COOKIES),
    options,
    (headers) => headers['set-cookie'],
    expected,
  );

const redirectRule = (
  title: string,
  status: number,
  options: ServerOptions,
  expected: string,
  location = '',
): Rule =>
  answerRule(
    title,
    (res, target) => res.writeHead(status, { Location: location || `${target}/x?y=1` }),
    options,
    (headers, target) => headers.location?.replace(new URL(target).host, 'TARGET'),
    expected,
  );

const REWRITES: readonly Rule[] = [
  cookieRule('cookieDomainRewrite with one value', { cookieDomainRewrite: 'new.example' }, [
    'a=1; Domain=new.example; Path=/p',
    'b=2; path=/q; domain=new.example',
    'c=3',
  ]),
  cookieRule(
    'cookieDomainRewrite with an empty value removes the domain',
    { cookieDomainRewrite: '' },
    ['a=1; Path=/p', 'b=2; path=/q', 'c=3'],
  ),
  cookieRule(
    'cookieDomainRewrite by domain',
    { cookieDomainRewrite: { 'keep.example': 'keep.example', '*': 'other.example' } },
    ['a=1; Domain=other.example; Path=/p', 'b=2; path=/q; domain=keep.example', 'c=3'],
  ),
  cookieRule('cookiePathRewrite by path', { cookiePathRewrite: { '/p': '/new', '/q': '' } }, [
    'a=1; Domain=old.example; Path=/new',
    'b=2; domain=keep.example',
    'c=3',
  ]),
  redirectRule(
    'hostRewrite names another host',
    302,
    { hostRewrite: 'h.example' },
    'http://h.example/x?y=1',
  ),
  redirectRule(
    'autoRewrite names the host that was asked',
    301,
    { autoRewrite: true },
    'http://front.example:8/x?y=1',
  ),
  redirectRule(
    'protocolRewrite names another scheme',
    307,
    { protocolRewrite: 'https' },
    'https://TARGET/x?y=1',
  ),
  redirectRule(
    'hostRewrite and protocolRewrite together',
    308,
    { hostRewrite: 'h.example', protocolRewrite: 'https', autoRewrite: true },
    'https://h.example/x?y=1',
  ),
  redirectRule(
    'a status that is no redirect is left alone',
    200,
    { autoRewrite: true },
    'http://TARGET/x?y=1',
  ),
  redirectRule(
    'a redirect to somebody else is left alone',
    302,
    { autoRewrite: true },
    'http://else.example/x',
    'http://else.example/x',
  ),
  redirectRule('a relative redirect is left alone', 302, { autoRewrite: true }, '/x', '/x'),
];

declareRules(REWRITES);
