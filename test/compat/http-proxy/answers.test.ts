import { declareRules, type Rule } from './rule.ts';
import { ask, pick, raw, textOf, until } from './world.ts';

const ANSWERS: readonly Rule[] = [
  {
    title: 'status, reason, fields and body come back',
    run: async (world) => {
      const target = await world.serve((_req, res) => {
        res.writeHead(418, 'Short and stout', { 'X-One': '1', 'Set-Cookie': ['a=1', 'b=2'] });
        res.end('tea');
      });
      const { status, reason, headers, body } = await ask(await world.proxy({ target }));
      return [status, reason, body, ...pick(headers, 'x-one', 'set-cookie')];
    },
    expected: [418, 'Short and stout', 'tea', '1', ['a=1', 'b=2']],
  },
  {
    title: 'preserveHeaderKeyCase keeps the case of names',
    run: async (world) => {
      const target = await world.serve((_req, res) => {
        res.setHeader('X-OnE', '1');
        res.end();
      });
      const proxy = await world.proxy({ target, preserveHeaderKeyCase: true });
      return (await ask(proxy)).rawHeaders.includes('X-OnE');
    },
    expected: true,
  },
  {
    title: 'answers without a body have none',
    run: async (world) => {
      const target = await world.serve((req, res) => {
        res.statusCode = Number(req.url?.slice(1));
        res.setHeader('X-Length', '5');
        if (req.method === 'HEAD') res.setHeader('Content-Length', '5');
        res.end();
      });
      const proxy = await world.proxy({ target });
      const head = await ask(proxy, '/200', { method: 'HEAD' });
      const none = await ask(proxy, '/204');
      const same = await ask(proxy, '/304');
      return [head.headers['content-length'], none.status, same.status, head.body + none.body];
    },
    expected: ['5', 204, 304, ''],
  },
  {
    title: 'a client of HTTP/1.0 gets the body without chunks',
    run: async (world) => {
      const target = await world.serve((_req, res) => {
        res.write('in ');
        res.end('chunks');
      });
      const answer = await raw(await world.proxy({ target }), 'GET / HTTP/1.0\r\n\r\n');
      return [/transfer-encoding/i.test(answer), answer.slice(answer.indexOf('\r\n\r\n') + 4)];
    },
    expected: [false, 'in chunks'],
  },
  {
    title: 'what a proxyRes handler changes is what the client gets',
    run: async (world) => {
      const target = await world.serve((_req, res) => {
        res.setHeader('x-old', '1');
        res.end('body');
      });
      const proxy = world.create({ target });
      proxy.on('proxyRes', (proxyRes, _req, res) => {
        delete proxyRes.headers['x-old'];
        proxyRes.headers['x-new'] = `${proxyRes.statusCode} ${proxyRes.headers['x-old']}`;
        res.setHeader('x-own', 'yes');
      });
      const { headers, body } = await ask(await world.front(proxy));
      return [body, ...pick(headers, 'x-old', 'x-new', 'x-own')];
    },
    expected: ['body', undefined, '200 undefined', 'yes'],
  },
  {
    title: 'selfHandleResponse leaves the answer to the proxyRes handler',
    run: async (world) => {
      const target = await world.serve((_req, res) => {
        res.setHeader('x-target', '1');
        res.end('from the target');
      });
      const proxy = world.create({ target, selfHandleResponse: true });
      proxy.on('proxyRes', async (proxyRes, _req, res) => {
        res.end((await textOf(proxyRes)).toUpperCase());
      });
      const { headers, body } = await ask(await world.front(proxy));
      return [body, headers['x-target']];
    },
    expected: ['FROM THE TARGET', undefined],
  },
  {
    title: 'events come in order, with what belongs to them',
    run: async (world) => {
      const target = await world.serve((_req, res) => res.end('x'));
      const proxy = world.create({ target });
      const seen: string[] = [];
      proxy.on('start', (req, _res, to) => {
        seen.push(`start ${req.url} ${(to as { port: string }).port === new URL(target).port}`);
      });
      proxy.on('proxyReq', (proxyReq) => seen.push(`proxyReq ${proxyReq.method} ${proxyReq.path}`));
      proxy.on('proxyRes', (proxyRes, req) =>
        seen.push(`proxyRes ${proxyRes.statusCode} ${req.url}`),
      );
      proxy.on('end', (req, _res, proxyRes) => seen.push(`end ${req.url} ${proxyRes.statusCode}`));
      await ask(await world.front(proxy), '/x');
      await until(() => seen.length === 4);
      return seen;
    },
    expected: ['start /x true', 'proxyReq GET /x', 'proxyRes 200 /x', 'end /x 200'],
  },
];

declareRules(ANSWERS);
