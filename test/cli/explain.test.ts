import test, { type ExecutionContext } from 'ava';
import { Place } from './running-program.ts';

const CONF = `daemon off; events {}
  http {
    upstream back { server 127.0.0.1:1 weight=2; server 127.0.0.1:2 backup; least_conn; }
    server {
      listen 127.0.0.1:8080;
      server_name example.org *.example.org;
      rewrite ^/old/(.*)$ /new/$1 last;
      location / { return 200 hello; }
      location /new/ { if ($arg_z) { return 403; } proxy_pass http://back/api/; }
      location ~ \\.php$ { deny all; }
      location ^~ /static/ { try_files $uri =404; }
      location /names { proxy_pass http://$arg_h; }
    }
    server { listen 127.0.0.1:8080; server_name ~^(?<n>.+)\\.re\\.org$; return 301 https://$n/; }
  }`;

async function explained(t: ExecutionContext, url: string): Promise<readonly string[]> {
  const place = new Place(t);
  place.write('nginx.conf', CONF);
  const { status, out, err } = await place.run(['--explain', url]);
  t.is(`${status} ${err}`, '0 ');
  return out.split('\n').slice(0, -1);
}

test('--explain tells rewrites, the location, and the group that a request goes to', async (t) => {
  t.deepEqual(await explained(t, 'http://www.example.org:8080/old/a%20b?y=1'), [
    'GET http://www.example.org:8080/old/a%20b?y=1',
    'listen    127.0.0.1:8080: taken for the address of "www.example.org"',
    'server    server_name "*.example.org" covers the host',
    'rewrite   in the server: /old/a b?y=1 -> /new/a b?y=1',
    'location  "location /new/" is the longest prefix',
    'location  "location ~ \\.php$" does not match',
    'content   proxy of "location /new/"',
    'proxy     GET http://back/api/a%20b?y=1',
    'proxy     upstream "back" (least-conn)',
    'proxy       server 127.0.0.1:1 weight=2',
    'proxy       server 127.0.0.1:2 backup',
    'answer    what that server says',
  ]);
});

test('--explain tells conditions that hold, and who refuses', async (t) => {
  const held = await explained(t, 'http://example.org:8080/new/q?z=1');
  t.true(held.includes('if        a condition in location /new/ holds: its block counts'));
  t.is(held.at(-1), 'answer    403');
  const denied = await explained(t, 'http://nobody:8080/a.php');
  t.true(
    denied.includes('server    no server_name is "nobody": it is the default server there'),
    denied.join('\n'),
  );
  t.true(denied.includes('access    access says 403'));
});

test('--explain tells final prefixes, redirects, and names without a resolver', async (t) => {
  const file = await explained(t, 'http://example.org:8080/static/x');
  t.true(file.includes('location  it is final (^~): regular expressions are not asked'));
  t.is(file.at(-1), 'answer    404');
  const moved = await explained(t, 'http://a.re.org:8080/');
  t.is(moved.at(-2), 'return    in the server: 301 to https://a/');
  const named = await explained(t, 'http://example.org:8080/names?h=a.b');
  t.true(named.includes('log       no resolver defined to resolve a.b'));
  t.is(named.at(-1), 'answer    502');
});

test('--explain says where somebody listens, and what is no URL', async (t) => {
  t.deepEqual((await explained(t, 'http://example.org/')).slice(1), [
    'nobody listens on port 80; these are listened on: 127.0.0.1:8080',
  ]);
  const place = new Place(t);
  place.write('nginx.conf', CONF);
  const { status, err } = await place.run(['--explain', 'example.org']);
  t.is(status, 1);
  t.is(err, 'sluice: "example.org" is no http:// URL\n');
});
