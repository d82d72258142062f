import { NGINX_VERSION } from '../server/index.ts';

/** Parts of nginx whose directives exist here and that are not built by default there. */
const WITH: readonly string[] = ['debug'];

/** Parts that nginx builds by default and that are not here (yet). */
const WITHOUT: readonly string[] = [
  'http_charset_module',
  'http_ssi_module',
  'http_mirror_module',
  'http_userid_module',
  'http_autoindex_module',
  'http_geo_module',
  'http_map_module',
  'http_split_clients_module',
  'http_referer_module',
  'http_access_module',
  'http_auth_basic_module',
  'http_gzip_module',
  'http_grpc_module',
  'http_limit_conn_module',
  'http_limit_req_module',
  'http_tunnel_module',
  'http_upstream_hash_module',
  'http_upstream_ip_hash_module',
  'http_upstream_least_conn_module',
  'http_upstream_least_time_module',
  'http_upstream_random_module',
  'http_upstream_sticky_module',
  'http_upstream_zone_module',
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
