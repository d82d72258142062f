import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, utimesSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { requestCases } from './differential-requests.ts';
import { MAIN, Place } from './running-program.ts';

const COUNT = 2_000;
const SEED = 20_240_607;
const AT_ONCE = 8;
const ANSWER_MS = 10_000;
/** Monday, 2 January 2023, 03:04:05 GMT: what conditions of requests compare with. */
const MODIFIED_S = 1_672_628_645;

/** Debian's: other versions differ in more. */
const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find((path) =>
  spawnSync(path, ['-v'], { encoding: 'latin1' }).stderr?.includes('nginx/1.22.'),
);

type Answer = {
  readonly status: string;
  readonly fields: readonly string[];
  readonly body: string;
};

/** A difference that is meant: whose request, in which answers, and why. */
type Meant = {
  readonly why: string;
  readonly is: (request: string, theirs: Answer, ours: Answer) => boolean;
};

const MEANT: readonly Meant[] = [
  {
    why: 'Host goes up first since nginx 1.31, before what proxy_set_header adds',
    is: (request, theirs, ours) =>
      / \/up\//.test(request) &&
      sorted(theirs.body) === sorted(ours.body) &&
      JSON.stringify({ ...theirs, body: '' }) === JSON.stringify({ ...ours, body: '' }),
  },
  {
    why: 'nginx has read HEAD before it finds that the line is none, and leaves the page out',
    is: (request, theirs, ours) =>
      /^HEAD .* .* HTTP/.test(request) && theirs.status === ours.status && theirs.body === '',
  },
];

function config(place: Place, name: string): string {
  // Without a master, so that nothing of it outlives the test.
  return `daemon off; master_process off; pid ${name}.pid; error_log ${name}.log; ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http {
      access_log off; default_type text/plain; root files; client_body_temp_path ${name}_body;
      proxy_temp_path ${name}_proxy; fastcgi_temp_path a; uwsgi_temp_path a; scgi_temp_path a;
      types { text/html html; application/json json; }
      map $uri $mapped { default d; "~^/map(.*)$" "re $1"; }
      map $http_host $shared { hostnames; default d; .example e; *.two.example two; one.example one; }
      geo $arg_ip $geo { default d; 10.0.0.0/8 ten; 10.1.0.0/16 inner; 192.0.2.1 one; }
      SERVERS
    }`
    .replace(/fastcgi_temp_path.*;\n/, name === 'nginx' ? '$&' : '\n')
    .replace('SERVERS', SERVERS)
    .replaceAll('SOCKET', `unix:${place.path(`${name}.sock`)}`)
    .replaceAll('BACK', `unix:${place.path('back.sock')}`);
}

const SERVERS = `
  server {
    listen SOCKET; server_name one.example;
    location / { index b.html; }
    location /list/ { alias files/dir/; autoindex on; autoindex_exact_size on; }
    location /ret/ {
      location /ret/200 { return 200 "uri $uri args $args\\n"; }
      location /ret/204 { return 204; }
      location /ret/301 { return 301 /to?$args; }
      location /ret/404 { return 404 "gone"; }
      return 410;
    }
    location /re/ {
      rewrite ^/re/one/(.*)$ /ret/200/$1?added=1 last;
      rewrite ^/re/red/(.*)$ /to/$1 redirect;
      rewrite ^/re/perm/(.*)$ http://other.example/$1? permanent;
      rewrite ^/re/args/(.*)$ /ret/200?only=$1? last;
      rewrite ^/re/loop$ /re/loop last;
    }
    location = /cond {
      if ($arg_go) { return 302 http://$host/gone; }
      if ($http_cookie ~* "a=(\\d)") { return 200 "cookie $1"; }
      if ($request_method = POST) { return 405; }
      return 200 "plain $http_x_long";
    }
    location /try/ { try_files /dir$uri /$arg_x /a.txt =404; }
    location /err/404 { error_page 404 /a.txt; return 404; }
    location /err/503 { error_page 503 =200 @named; return 503; }
    location @named { return 200 "named $uri\\n"; }
    location /up/ { proxy_pass http://BACK:/base/; proxy_set_header X-A "$request_uri"; }
    location /raw/ { proxy_pass http://BACK; proxy_http_version 1.1; proxy_set_header Connection ""; }
    location /hide/ { proxy_pass http://BACK; proxy_hide_header X-Back; proxy_pass_header Server; add_header X-Add 1; }
    location /icept/ {
      proxy_pass http://BACK; proxy_intercept_errors on;
      error_page 404 /a.txt; error_page 500 =502 @named;
    }
    location = /only { limit_except GET { deny all; } return 200 only; }
    location = /denied { deny all; }
    location = /internal { internal; }
    location /types/ { alias files/types/; }
    location = /expires { expires 1h; add_header Cache-Control public; return 200 e; }
    location = /headers { add_header X-One "$request_method" always; add_header X-Two ""; return 404; }
    location /alias/ { alias files/; }
    location = /exact { return 200 exact; }
    location ^~ /caret/ { return 200 caret; }
    location ~ \\.php$ { return 200 php; }
    location ~* \\.(?<ext>php)$ { return 200 "any $ext"; }
    location /gz/ { alias files/; gzip on; gzip_min_length 1; gzip_types *; gzip_vary on; }
    location /sub/ { alias files/; sub_filter hello bye; sub_filter 0 "<z>"; sub_filter_once off; sub_filter_types *; }
    location /auth/ { alias files/; auth_basic "some realm"; auth_basic_user_file users; }
    location /any/ { alias files/; satisfy any; deny all; auth_basic any; auth_basic_user_file users; }
    location /map { return 200 "$mapped $shared $geo"; }
    location /json/ { alias files/dir/; autoindex on; autoindex_format json; }
    location /xml/ { alias files/dir/; autoindex on; autoindex_format xml; }
    location /set/ {
      set $a "$arg_x"; set $b "\${a}y"; if ($a = 1) { set $b one; } if (-f $document_root/a.txt) { set $c f; }
      rewrite ^/set/break/(.*)$ /dir/$1 break; return 200 "$a|$b|$c|$uri|$is_args|$host|$request_uri";
    }
    location /break/ { rewrite ^/break/(.*)$ /$1 break; }
    location /vars { return 200 "$request_method $scheme $server_name $server_protocol $http_x_long $cookie_b $arg_a $content_length $content_type $request_length $document_uri $query_string $http_referer"; }
    location /nest/ { add_header X-N 1; location /nest/in/ { return 200 in; } location ~ /nest/(re)/ { return 200 "re $1"; } return 200 out; }
    location /ref/ { valid_referers none server_names; if ($invalid_referer) { return 403 bad; } return 200 good; }
    location /small/ { client_max_body_size 10; proxy_pass http://BACK; }
    location /max { max_ranges 1; alias files/a.txt; }
    location /etag/ { alias files/; etag off; if_modified_since before; }
    location /chars/ { alias files/; charset utf-8; charset_types *; }
    location /add/ { alias files/; add_before_body /ret/200; add_after_body /map; addition_types *; }
    location /mirror/ { mirror /exact; return 200 m; }
    location /sec/ { secure_link $arg_md5,$arg_e; secure_link_md5 "$secure_link_expires$uri k"; if ($secure_link = "") { return 403; } return 200 s; }
    location /areq/ { auth_request /areqs; alias files/; }
    location = /areqs { internal; if ($arg_x) { return 401; } return 204; }
    location /named { error_page 418 = @named; return 418; }
  }
  server { listen SOCKET; server_name two.example *.two.example; return 200 "two $host\\n"; }
  server { listen SOCKET; server_name ~^(?<n>\\w+)\\.re\\.example$; return 200 "re $n\\n"; }
`;

/** Says what it was asked, and answers with the status that the path ends in. */
function backend(place: Place): Promise<() => void> {
  const server = createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      if (end < 0 || text.length < end + 4 + length) return;
      // Which version is spoken upwards by default has changed since, and with it the fields of it.
      const seen = text.replace(/ HTTP\/1\.\d\r\n/, '\n').replace(/^connection: .*\r\n/im, '');
      const status = /\/(404|500) /.exec(text)?.[1] ?? '200';
      const head = text.startsWith('HEAD') ? '' : seen;
      socket.end(
        `HTTP/1.1 ${status} Word\r\nServer: back\r\nX-Back: 1\r\nContent-Length: ${seen.length}\r\n` +
          `Connection: close\r\nContent-Type: text/seen\r\n\r\n${head}`,
      );
    });
  });
  return new Promise((resolve) => {
    server.listen(place.path('back.sock'), () => resolve(() => server.close()));
  });
}

function files(place: Place): void {
  for (const name of ['files', 'files/dir', 'files/types']) mkdirSync(place.path(name));
  const texts = {
    'a.txt': 'hello',
    'b.html': '<p>index</p>',
    empty: '',
    'big.bin': '0123456789'.repeat(10_000),
    'dir/b.html': '<p>b</p>',
    'dir/c d.txt': 'c',
    'types/x.json': '{}',
    'types/x.odd': '?',
  };
  for (const [name, text] of Object.entries(texts)) place.write(`files/${name}`, text);
  place.write('users', 'user:{PLAIN}secret\n');
  const all = [...Object.keys(texts), 'dir', 'types', ''];
  for (const name of all) utimesSync(place.path(`files/${name}`), MODIFIED_S, MODIFIED_S);
}

function ask(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer to ${text}`)));
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
    socket.write(text, 'latin1');
  });
}

/** Without what cannot be the same: times, versions, and the names of boundaries. */
function answerIn(text: string): Answer {
  const same = text
    .replace(/nginx\/\d+\.\d+\.\d+/g, 'nginx')
    .replace(/\b\d{20}\b/g, 'BOUNDARY')
    .replace(/unix:\S*(?:nginx|sluice)\.sock/g, 'SOCKET')
    .replace(/^Expires: .* GMT\r$/gm, 'Expires: TIME\r');
  const end = same.indexOf('\r\n\r\n');
  if (end < 0) return { status: '', fields: [], body: same };
  const [status = '', ...fields] = same.slice(0, end).split('\r\n');
  // A footer that is shorter by a digit of the version makes a page so much shorter.
  const isPage = same.includes('<hr><center>nginx</center>');
  const kept = fields.filter(
    (line) => !line.startsWith('Date: ') && !(isPage && line.startsWith('Content-Length: ')),
  );
  return { status, fields: kept, body: bodyOf(same.slice(end + 4), fields) };
}

/** Pieces are joined, and what was compressed is as it was: neither need be done in one way. */
function bodyOf(text: string, fields: readonly string[]): string {
  let body = text;
  if (fields.includes('Transfer-Encoding: chunked')) {
    body = '';
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\r\n', at);
      const size = Number.parseInt(text.slice(at, end), 16);
      body += text.slice(end + 2, end + 2 + size);
      at = end + 4 + size;
    }
  }
  if (body === '' || !fields.includes('Content-Encoding: gzip')) return body;
  return gunzipSync(Buffer.from(body, 'latin1')).toString('latin1');
}

async function started(t: ExecutionContext, command: readonly string[]): Promise<void> {
  const [program = '', ...words] = command;
  const child = spawn(program, words, { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
}

(NGINX === undefined ? test.skip : test)(
  `nginx and sluice answer ${COUNT} requests alike, but for what is meant (skips without nginx 1.22)`,
  async (t) => {
    t.timeout(120_000, 'two programs answer');
    const place = new Place(t);
    files(place);
    t.teardown(await backend(place));
    const names = ['nginx', 'sluice'] as const;
    for (const name of names) place.write(`${name}.conf`, config(place, name));
    const options = (name: string) => ['-p', `${place.folder}/`, '-c', `${name}.conf`];
    await started(t, [NGINX as string, ...options('nginx')]);
    await started(t, [process.execPath, MAIN, ...options('sluice')]);
    const probe = 'GET /exact HTTP/1.0\r\nHost: one.example\r\n\r\n';
    for (const name of names) {
      await place.until(name, () =>
        ask(place.path(`${name}.sock`), probe).then(
          (text) => text.includes('exact'),
          () => false,
        ),
      );
    }
    const used = new Set<string>();
    const strays: string[] = [];
    const cases = [...requestCases(COUNT, SEED)];
    const work = async (): Promise<void> => {
      for (let next = cases.pop(); next !== undefined; next = cases.pop()) {
        const { text } = next;
        const [theirs, ours] = await Promise.all(
          names.map(async (name) => answerIn(await ask(place.path(`${name}.sock`), text))),
        );
        if (JSON.stringify(theirs) === JSON.stringify(ours)) continue;
        const meant = MEANT.find(({ is }) => is(text, theirs as Answer, ours as Answer));
        if (meant !== undefined) used.add(meant.why);
        else strays.push(`${text}\n--- nginx ${show(theirs)}\n--- sluice ${show(ours)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    t.is(
      strays.slice(0, 5).join('\n\n'),
      '',
      `${strays.length} differences that nobody has listed`,
    );
    t.deepEqual([...used].sort(), MEANT.map(({ why }) => why).sort(), 'each of the table was seen');
  },
);

function sorted(text: string): string {
  return text.split('\n').sort().join('\n');
}

function show(answer: Answer | undefined): string {
  const { status = '', fields = [], body = '' } = answer ?? {};
  return [status, ...fields, '', body.slice(0, 300)].join('\n');
}
