import test from 'ava';
import type { Snippet } from './agreement-cases.ts';
import { HAS_NGINX, nginxVerdict, ourVerdict } from './verdicts.ts';

const http = (...texts: readonly string[]): readonly Snippet[] =>
  texts.map((text) => ({ level: 'http', text }));
const server = (...texts: readonly string[]): readonly Snippet[] =>
  texts.map((text) => ({ level: 'server', text }));

const LOOKUPS = http(
  'map $arg_a $uri { a b; }',
  'geo $host { default x; }',
  'split_clients $arg_a $request_uri { * a; }',
  'map $arg_a $args { a b; }',
  'map $arg_a $b { a b; }\nmap $arg_b $b { a b; }',
  'map $arg_a $http_foo { a b; }',
  'server { location ~ (?<cap>x) { } }\nmap $arg_a $cap { a b; }',
  'map $a b { default 1; }',
  'map $a $b { default 1; default 2; }',
  'map $a $b { x; }',
  'map $a $b { x y z; }',
  'map $a $b { hostnames; *.a.* x; }',
  'map $a $b { hostnames; a.*.b x; }',
  'map $a $b { A x; a y; }',
  'map $a $b { volatile; hostnames; .example.com x; *.example.com y; }',
  'map $a $b { hostnames; example.com 1; .example.com x; }',
  'map $arg_a $b { \\default 1; include /nonexistent; }',
  'map $arg_a { a b; }',
  'map $arg_a $b { a { } }',
  'map $arg_a $b { a b } ',
  'map $nothere $b { a b; }',
  'geo $a { default x; 10.0.0.0/33 y; }',
  'geo $a { default x; 10.0.0.1/8 y; }',
  'geo $a { 10.0.0.0/8 y; ranges; }',
  'geo $a { ranges; 10.0.0.0/8 y; }',
  'geo $a { ranges; 10.0.0.5-10.0.0.1 y; }',
  'geo $a { ranges; 10.0.0.5-10.0.0.9 y; 10.0.0.7-10.0.0.12 z; }',
  'geo $a { ranges; 10.0.0.5-10.0.0.9 y; 10.0.0.5-10.0.0.9 z; }',
  'geo $a { ranges; delete 10.0.0.5-10.0.0.9; }',
  'geo $a { delete 10.0.0.0/8; }',
  'geo $a { 10.0.0.0/8 a; 10.0.0.0/8 b; }',
  'geo $a { default a; default b; }',
  'geo $a { ranges; default a; default b; }',
  'geo $a { x; }',
  'geo $a { proxy nonsense; }',
  'geo a { default x; }',
  'geo $nothere $a { default x; }',
  'split_clients $arg_a $b { 50% a; 60% b; }',
  'split_clients $arg_a $b { 50 a; }',
  'split_clients $arg_a $b { 0% a; }',
  'split_clients $arg_a $b { 0.001% a; }',
  'split_clients $arg_a $b { 100.5% a; }',
  'split_clients $arg_a $b { * a; 50% b; }',
  'split_clients $arg_a b { * a; }',
);

const LIMITS = http(
  'limit_req_zone $arg_a zone=x:10m rate=0r/s;',
  'limit_req_zone $arg_a zone=x:10m rate=1r/h;',
  'limit_req_zone $arg_a zone=x:1k rate=1r/s;',
  'limit_req_zone $arg_a zone=x rate=1r/s;',
  'limit_req_zone $arg_a zone=x:zz rate=1r/s;',
  'limit_req_zone $arg_a zone=:10m rate=1r/s;',
  'limit_req_zone $arg_a size=1 rate=1r/s;',
  'limit_req_zone $arg_a rate=1r/s rate=1r/s;',
  'limit_req_zone $arg_a zone=x:10m rate=1r/s; limit_req_zone $arg_b zone=x:10m rate=1r/s;',
  'limit_req_zone $arg_a zone=x:10m rate=1r/s; limit_req zone=x burst=0;',
  'limit_req_zone $arg_a zone=x:10m rate=1r/s; limit_req zone=x burst=5 delay=0;',
  'limit_req_zone $arg_a zone=x:10m rate=1r/s; limit_req zone=x burst=5 nodelay foo;',
  'limit_req_zone $arg_a zone=x:10m rate=1r/s; limit_req zone=x; limit_req zone=x;',
  'limit_req_zone $arg_a zone=x:10m rate=1r/s; limit_req burst=5;',
  'limit_req zone=nowhere;',
  'limit_req_status 200;',
  'limit_req_status 600;',
  'limit_req_log_level debug;',
  'limit_req_dry_run maybe;',
  'limit_conn_zone $arg_a zone=x:10m; limit_conn x 0;',
  'limit_conn_zone $arg_a zone=x:10m; limit_conn x 70000;',
  'limit_conn_zone $arg_a zone=x:10m; limit_conn x 1; limit_conn x 2;',
  'limit_conn_zone $arg_a foo=x:10m;',
  'limit_conn nowhere 1;',
  'limit_conn_zone $arg_a zone=x:10m; limit_req_zone $arg_a zone=x:10m rate=1r/s;',
);

const ADMISSION = [
  ...http(
    'allow 1.2.3.4/40;',
    'allow foo;',
    'deny 1.2.3.4/8;',
    'deny all; allow unix:;',
    'set_real_ip_from 10.0.0.1/8;',
    'real_ip_header a; real_ip_header b;',
    'real_ip_recursive x;',
    'auth_basic a; auth_basic b;',
    'auth_basic_user_file a b;',
    'satisfy none;',
    'auth_delay 5x;',
    'valid_referers none;',
    'userid maybe;',
    'userid_mark ab;',
    'userid_mark !;',
    'userid_service x;',
    'userid_expires foo;',
    'userid_flags foo;',
    'userid_flags secure secure;',
  ),
  ...server(
    'valid_referers none;',
    'valid_referers none blocked;',
    'valid_referers "";',
    'valid_referers ~;',
    'valid_referers *.a.*;',
    'valid_referers a a;',
    'location / { secure_link_secret x; secure_link_secret y; }',
  ),
];

const agreement = HAS_NGINX ? test : test.skip;
const why = HAS_NGINX ? '' : ' (skipped: there is no nginx)';
const TABLES = { LOOKUPS, LIMITS, ADMISSION };

for (const [name, snippets] of Object.entries(TABLES)) {
  agreement(`nginx -t says of ${name.toLowerCase()} what we say${why}`, async (t) => {
    t.timeout(120_000);
    for (const snippet of snippets) {
      t.deepEqual(await ourVerdict(snippet), nginxVerdict(snippet), snippet.text);
    }
  });
}
