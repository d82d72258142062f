import { module, type NginxModule } from './nginx-module.ts';

/** Modules of nginx for `stream`. */
export const STREAM_MODULES: readonly NginxModule[] = [
  module(
    'ngx_stream_core_module',
    `
      error_log listen preread_buffer_size preread_timeout proxy_protocol_timeout resolver
      resolver_timeout server server_name server_names_hash_bucket_size server_names_hash_max_size
      stream tcp_nodelay variables_hash_bucket_size variables_hash_max_size
    `,
  ),
  module(
    'ngx_stream_upstream_module',
    `
      hash least_conn least_time random resolver resolver_timeout server upstream zone
    `,
  ),
  module(
    'ngx_stream_proxy_module',
    `
      proxy_bind proxy_buffer_size proxy_connect_timeout proxy_download_rate
      proxy_downstream_buffer proxy_half_close proxy_next_upstream proxy_next_upstream_timeout
      proxy_next_upstream_tries proxy_pass proxy_protocol proxy_requests proxy_responses
      proxy_socket_keepalive proxy_socket_rcvbuf proxy_socket_sndbuf proxy_ssl proxy_ssl_alpn
      proxy_ssl_certificate proxy_ssl_certificate_cache proxy_ssl_certificate_key
      proxy_ssl_ciphers proxy_ssl_conf_command proxy_ssl_crl proxy_ssl_name
      proxy_ssl_password_file proxy_ssl_protocols proxy_ssl_server_name proxy_ssl_session_reuse
      proxy_ssl_trusted_certificate proxy_ssl_verify proxy_ssl_verify_depth proxy_timeout
      proxy_upload_rate proxy_upstream_buffer
    `,
  ),
  module('ngx_stream_access_module', `allow deny`),
  module('ngx_stream_geo_module', `geo`),
  module(
    'ngx_stream_limit_conn_module',
    `
      limit_conn limit_conn_dry_run limit_conn_log_level limit_conn_zone
    `,
  ),
  module('ngx_stream_log_module', `access_log log_format open_log_file_cache`),
  module('ngx_stream_map_module', `map map_hash_bucket_size map_hash_max_size`),
  module('ngx_stream_pass_module', `pass`),
  module('ngx_stream_realip_module', `set_real_ip_from`),
  module('ngx_stream_return_module', `return`),
  module('ngx_stream_set_module', `set`),
  module('ngx_stream_split_clients_module', `split_clients`),
  module(
    'ngx_stream_ssl_module',
    `
      ssl_alpn ssl_certificate ssl_certificate_cache ssl_certificate_compression
      ssl_certificate_key ssl_ciphers ssl_client_certificate ssl_conf_command ssl_crl ssl_dhparam
      ssl_ecdh_curve ssl_ech_file ssl_handshake_timeout ssl_ocsp ssl_ocsp_cache ssl_ocsp_responder
      ssl_password_file ssl_prefer_server_ciphers ssl_protocols ssl_reject_handshake
      ssl_session_cache ssl_session_ticket_key ssl_session_tickets ssl_session_timeout
      ssl_stapling ssl_stapling_file ssl_stapling_responder ssl_stapling_verify
      ssl_trusted_certificate ssl_verify_client ssl_verify_depth
    `,
  ),
  module('ngx_stream_ssl_preread_module', `ssl_preread`),
];
