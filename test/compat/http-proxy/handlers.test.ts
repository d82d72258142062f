import { Readable } from 'node:stream';
import { declareRules, type Rule } from './rule.ts';
import { ask, echoed, pick, textOf, until } from './world.ts';

const RULES: readonly Rule[] = [
  {
    title: 'proxyReq handlers change fields and path',
    run: async (world) => {
      const proxy = world.create({ target: await world.echo() });
      proxy.on('proxyReq', (proxyReq, req, _res, options) => {
        proxyReq.setHeader('X-Method', `${req.method} ${typeof options.target}`);
        proxyReq.removeHeader('x-gone');
        proxyReq.setHeader('x-had', String(proxyReq.getHeader('X-Gone')));
        proxyReq.path = '/other';
      });
      const base = await world.front(proxy);
      const { url, headers } = await echoed(base, '/', { headers: { 'X-Gone': 'x' } });
      return [url, ...pick(headers, 'x-method', 'x-gone', 'x-had')];
    },
    expected: ['/other', 'GET object', undefined, 'undefined'],
  },
  {
    title: 'a body that was read already is written again by a proxyReq handler',
    run: async (world) => {
      const target = await world.echo();
      const proxy = world.create({ target });
      proxy.on('proxyReq', (proxyReq) => {
        proxyReq.setHeader('Content-Length', 6);
        proxyReq.write('parsed');
      });
      const base = await world.serve(async (req, res) => {
        await textOf(req);
        proxy.web(req, res);
      });
      return (await echoed(base, '/', { method: 'POST', body: 'original' })).body;
    },
    expected: 'parsed',
  },
  {
    title: 'buffer is the body instead of the request',
    run: async (world) => {
      const target = await world.echo();
      const proxy = world.create({ target });
      const base = await world.serve(async (req, res) => {
        const body = await textOf(req);
        proxy.web(req, res, { buffer: Readable.from([Buffer.from(body.toUpperCase())]) });
      });
      return (await echoed(base, '/', { method: 'POST', body: 'loud' })).body;
    },
    expected: 'LOUD',
  },
  {
    title: 'what the user has changed in the request is what goes out',
    run: async (world) => {
      const proxy = world.create({ target: await world.echo() });
      const base = await world.serve((req, res) => {
        req.url = '/changed';
        req.headers['x-new'] = 'yes';
        delete req.headers['x-old'];
        proxy.web(req, res);
      });
      const { url, headers } = await echoed(base, '/x', { headers: { 'X-Old': '1' } });
      return [url, ...pick(headers, 'x-new', 'x-old')];
    },
    expected: ['/changed', 'yes', undefined],
  },
  {
    title: 'options of the call outweigh those of the proxy',
    run: async (world) => {
      const proxy = world.create({ target: 'http://127.0.0.1:1', headers: { 'x-a': '1' } });
      const base = await world.front(proxy, { target: await world.echo() });
      return (await echoed(base)).headers['x-a'];
    },
    expected: '1',
  },
  {
    title: 'a target may be given in parts',
    run: async (world) => {
      const { port } = new URL(await world.echo());
      const target = { host: '127.0.0.1', port, path: '/part' };
      return (await echoed(await world.proxy({ target }), '/x')).url;
    },
    expected: '/part/x',
  },
  {
    title: 'forward gets a copy while target answers',
    run: async (world) => {
      const copies: string[] = [];
      const forward = await world.serve(async (req, res) => {
        copies.push(`${req.url} ${await textOf(req)}`);
        res.end('nobody reads this');
      });
      const proxy = await world.proxy({ target: await world.echo(), forward });
      const { body } = await echoed(proxy, '/x', { method: 'POST', body: 'both' });
      await until(() => copies.length > 0);
      return [body, copies];
    },
    expected: ['both', ['/x both']],
  },
  {
    title: 'with forward alone the client is answered at once',
    run: async (world) => {
      const copies: string[] = [];
      const forward = await world.serve(async (req) => {
        copies.push(await textOf(req));
      });
      const proxy = await world.proxy({ forward });
      const { status, body } = await ask(proxy, '/', { method: 'POST', body: 'copy' });
      await until(() => copies.length > 0);
      return [status, body, copies];
    },
    expected: [200, '', ['copy']],
  },
];

declareRules(RULES);
