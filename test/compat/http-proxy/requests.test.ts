import { declareRules, type Rule } from './rule.ts';
import { echoed, pick } from './world.ts';

const REQUESTS: readonly Rule[] = [
  {
    title: 'method, fields and body arrive',
    run: async (world) => {
      const proxy = await world.proxy({ target: await world.echo() });
      const headers = { 'X-One': '1', Cookie: 'a=1', 'Content-Type': 'text/plain', Host: 'front' };
      const {
        method,
        headers: came,
        body,
      } = await echoed(proxy, '/', {
        method: 'PUT',
        headers,
        body: 'hello',
      });
      return [method, body, ...pick(came, 'x-one', 'cookie', 'content-type', 'host')];
    },
    expected: ['PUT', 'hello', '1', 'a=1', 'text/plain', 'front'],
  },
  {
    title: 'changeOrigin sends the name of the target as Host',
    run: async (world) => {
      const target = await world.echo();
      const proxy = await world.proxy({ target, changeOrigin: true });
      return (await echoed(proxy)).headers.host?.replace(new URL(target).host, 'TARGET');
    },
    expected: 'TARGET',
  },
  {
    title: 'headers and auth are added, and outweigh the request',
    run: async (world) => {
      const options = { auth: 'u:p', headers: { 'X-One': 'mine', host: 'other' } };
      const proxy = await world.proxy({ target: await world.echo(), ...options });
      const { headers } = await echoed(proxy, '/', { headers: { 'x-one': 'theirs' } });
      return pick(headers, 'x-one', 'host', 'authorization');
    },
    expected: ['mine', 'other', 'Basic dTpw'],
  },
  {
    title: 'method outweighs the request',
    run: async (world) => {
      const proxy = await world.proxy({ target: await world.echo(), method: 'PATCH' });
      return (await echoed(proxy, '/', { method: 'POST', body: 'x' })).method;
    },
    expected: 'PATCH',
  },
  {
    title: 'xfwd names the client',
    run: async (world) => {
      const proxy = await world.proxy({ target: await world.echo(), xfwd: true });
      const { headers } = await echoed(proxy, '/', { headers: { Host: 'front:81' } });
      const names = ['for', 'port', 'proto', 'host'].map((name) => `x-forwarded-${name}`);
      return pick(headers, ...names);
    },
    expected: ['127.0.0.1', '81', 'http', 'front:81'],
  },
  {
    title: 'xfwd adds to what is there',
    run: async (world) => {
      const proxy = await world.proxy({ target: await world.echo(), xfwd: true });
      const names = ['for', 'port', 'proto', 'host'].map((name) => `x-forwarded-${name}`);
      const headers = Object.fromEntries(names.map((name) => [name, 'a']));
      const came = await echoed(proxy, '/', { headers: { ...headers, Host: 'front' } });
      return pick(came.headers, ...names);
    },
    expected: ['a,127.0.0.1', 'a,80', 'a,http', 'a'],
  },
  {
    title: 'DELETE without a body says that it has none',
    run: async (world) => {
      const proxy = await world.proxy({ target: await world.echo() });
      return (await echoed(proxy, '/', { method: 'DELETE' })).headers['content-length'];
    },
    expected: '0',
  },
  {
    title: 'a chunked body arrives whole',
    run: async (world) => {
      const proxy = await world.proxy({ target: await world.echo() });
      const headers = { 'Transfer-Encoding': 'chunked' };
      return (await echoed(proxy, '/', { method: 'POST', headers, body: 'in chunks' })).body;
    },
    expected: 'in chunks',
  },
];

declareRules(REQUESTS);
