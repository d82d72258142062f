import { NGINX_VERSION } from '../server/engine/version.ts';

/** Parts of nginx whose directives exist here and that are not built by default there. */
const WITH: readonly string[] = [
  'debug',
  'http_realip_module',
  'http_stub_status_module',
  'http_secure_link_module',
  'http_random_index_module',
  'http_auth_request_module',
  'http_addition_module',
  'http_sub_module',
  'http_gunzip_module',
  'http_gzip_static_module',
  'stream',
  'stream_realip_module',
];

/** Parts that nginx builds by default and that are not here (yet). */
const WITHOUT: readonly string[] = [
  'http_grpc_module',
  'http_tunnel_module',
  'http_fastcgi_module',
  'http_uwsgi_module',
  'http_scgi_module',
  'http_memcached_module',
  'http_browser_module',
  'http_empty_gif_module',
];

/** `nginx version: nginx/1.31.5 (sluice 0.0.0)`. */
export function versionLine(release: string): string {
  return `nginx version: nginx/${NGINX_VERSION} (sluice ${release})\n`;
}

/** What `-V` prints: scripts look for the names of modules in it. */
export function buildText(release: string): string {
  const openssl = process.versions.openssl.replace(/\+.*$/, '');
  const options = [
    `--build='sluice ${release}'`,
    ...WITH.map((name) => `--with-${name}`),
    ...WITHOUT.map((name) => `--without-${name}`),
    '--without-http-cache',
  ];
  return (
    `${versionLine(release)}built with OpenSSL ${openssl}\n` +
    `configure arguments: ${options.join(' ')}\n`
  );
}
