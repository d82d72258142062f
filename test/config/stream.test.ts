import test, { type ExecutionContext } from 'ava';
import { readConfig } from '../../src/config/index.ts';
import type { StreamConf } from '../../src/server/index.ts';

function read(text: string) {
  const source = `events {}\nstream {\n${text}\n}\n`;
  return readConfig({
    sources: { read: () => source, glob: () => [] } as never,
    file: '/etc/nginx.conf',
    prefix: '/',
    isRoot: true,
  });
}

function streamOf(t: ExecutionContext, text: string): StreamConf {
  const result = read(text);
  if ('error' in result) throw result.error;
  const { stream } = result.conf;
  t.truthy(stream);
  return stream as StreamConf;
}

function problemOf(t: ExecutionContext, text: string): string {
  const result = read(text);
  t.true('error' in result);
  return 'error' in result ? result.error.message : '';
}

test('a server has the settings of its block, of stream, and defaults', (t) => {
  const { servers } = streamOf(
    t,
    `proxy_timeout 5s; proxy_half_close on;
     server { listen 127.0.0.1:12345; proxy_pass 127.0.0.1:1; proxy_timeout 7s; }
     server { listen 12346 udp; return "$remote_addr!"; }`,
  );
  const [first, second] = servers;
  t.is(first?.proxyTimeout, 7_000);
  t.true(first?.proxyHalfClose);
  t.is(first?.proxyConnectTimeout, 60_000);
  t.deepEqual(first?.streamContent, { kind: 'proxy', to: '127.0.0.1:1' });
  t.is(second?.proxyTimeout, 5_000);
  t.true(second?.streamListens[0]?.udp);
  t.deepEqual(second?.streamContent, { kind: 'return', text: [{ name: 'remote_addr' }, '!'] });
});

test('groups of stream have methods of their own', (t) => {
  const { upstreams } = streamOf(
    t,
    `upstream a { least_time first_byte; server 127.0.0.1:1; }
     upstream b { hash $remote_addr consistent; server 127.0.0.1:1 max_conns=3; }`,
  );
  t.deepEqual(upstreams[0]?.balance, { method: 'least-time', of: 'first-byte' });
  t.is(upstreams[1]?.servers[0]?.maxConns, 3);
});

const PROBLEMS: Readonly<Record<string, string>> = {
  'server { return 1; }': 'no "listen" is defined for server',
  'server { listen 127.0.0.1; }': 'no port in "127.0.0.1" of the "listen" directive',
  'server { listen 1 udp proxy_protocol; }':
    '"listen" directive "proxy_protocol" parameter is incompatible with "udp"',
  'server { listen 1; listen 1; }': 'a duplicate listen 0.0.0.0:1',
  'server { listen 1; return a; return b; }': '"return" directive is duplicate',
  'server { listen 1; set x y; }': 'invalid variable name "x"',
  'server { listen 1 default_server; } server { listen 1 default_server; }':
    'a duplicate default server for 0.0.0.0:1',
  'upstream u { server 127.0.0.1; }': 'no port in upstream "127.0.0.1"',
  'upstream u { ip_hash; server 127.0.0.1:1; }': '"ip_hash" directive is not allowed here',
  'upstream u { keepalive 3; server 127.0.0.1:1; }': '"keepalive" directive is not allowed here',
  'server { listen 1; ssl_preread on; }': '"ssl_preread" directive is not supported yet',
  'server { listen 1; proxy_protocol maybe; }': 'invalid value "maybe"',
  'server { listen 1; proxy_next_upstream error; }': 'it must be "on" or "off"',
  'server { listen 1; location / {} }': '"location" directive is not allowed here',
};

for (const [text, problem] of Object.entries(PROBLEMS)) {
  test(`${text} is refused: ${problem}`, (t) => {
    t.true(problemOf(t, text).includes(problem), problemOf(t, text));
  });
}

test('the same address may be listened on for connections and for datagrams', (t) => {
  const { servers } = streamOf(t, 'server { listen 1; listen 1 udp; return x; }');
  t.is(servers[0]?.streamListens.length, 2);
});
