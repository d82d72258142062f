type Foreign = { readonly names: RegExp; readonly hint: string };

const COMMERCIAL = 'nginx has it in its commercial build alone';

/** Directives of well-known modules that are no part of open-source nginx, and what does the same. */
const FOREIGN: readonly Foreign[] = [
  {
    names: /^more_(?:set|clear)_(?:input_)?headers$/,
    hint: 'it is of the headers-more module: add_header, proxy_hide_header and proxy_set_header are here',
  },
  {
    names: /^(?:brotli|zstd)(?:_|$)/,
    hint: 'it is of a module of its own: gzip and gzip_static are here',
  },
  {
    names: /_by_lua(?:_|$)|^lua_/,
    hint: 'it is of the Lua module: a phase_module in TypeScript does the same',
  },
  { names: /^js_/, hint: 'it is of njs: a phase_module in TypeScript does the same' },
  {
    names:
      /^set_(?:random|(?:un)?escape_uri|quote_|(?:en|de)code_|md5|sha1|hmac_|formatted_|if_empty|misc|secure_random)/,
    hint: 'it is of the set-misc module: a phase_module in TypeScript does the same',
  },
  {
    names: /^geoip2(?:_|$)/,
    hint: 'it is of the GeoIP2 module: the geo directive has ranges of addresses',
  },
  {
    names: /^(?:modsecurity|app_protect|naxsi|secrules)/i,
    hint: 'requests are not inspected here',
  },
  {
    names: /^vhost_traffic_status/,
    hint: 'it is of the module for traffic status: stub_status and access_log are here',
  },
  { names: /^pagespeed(?:_|$)/i, hint: 'it is of PageSpeed: pages are not rewritten' },
  { names: /^auth_(?:pam|ldap|digest|gss)/, hint: 'auth_request asks a service that knows' },
  { names: /^fancyindex/, hint: 'it is of the Fancy Index module: autoindex is here' },
  { names: /^(?:rtmp|nchan|push_stream|upload)(?:_|$)/, hint: 'it is of a module of its own' },
  {
    names:
      /^(?:api|auth_jwt|auth_oidc|f4f|hls|keyval|match|mgmt|ntlm|otel_|queue|session_log|state|status_zone|zone_sync)/,
    hint: COMMERCIAL,
  },
];

/** What to say of a directive that is no directive of open-source nginx. */
export function foreignHint(name: string): string | undefined {
  return FOREIGN.find(({ names }) => names.test(name))?.hint;
}
