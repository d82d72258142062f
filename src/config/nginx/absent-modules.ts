import { module, type NginxModule } from './nginx-module.ts';

const NEVER = {
  fastcgi: 'FastCGI is not spoken: put an HTTP server in front of the application',
  uwsgi: 'uwsgi is not spoken: the application can speak HTTP',
  scgi: 'SCGI is not spoken: the application can speak HTTP',
  memcached: 'memcached is not asked',
  browser: 'a map of $http_user_agent does the same',
  empty_gif: 'a file does the same',
  mail: 'mail is not proxied by protocol; stream relays its connections',
  v3: 'HTTP/3 is not offered',
  perl: 'a phase_module in TypeScript does the same',
  dav: 'files are not written',
  flv: 'Flash is gone',
  mp4: 'players ask for ranges',
  image_filter: 'images are not changed',
  xslt: 'XML is not changed',
  geoip: 'the geo directive has ranges of addresses',
  perftools: 'Node has a profiler: --cpu-prof',
} as const;

/** Modules of nginx that will not be here. */
export const ABSENT_MODULES: readonly NginxModule[] = [
  module(
    'ngx_http_browser_module',
    `
      ancient_browser ancient_browser_value modern_browser modern_browser_value
    `,
    NEVER.browser,
  ),
  module(
    'ngx_http_dav_module',
    `
      create_full_put_path dav_access dav_methods min_delete_depth
    `,
    NEVER.dav,
  ),
  module('ngx_http_empty_gif_module', `empty_gif`, NEVER.empty_gif),
  module(
    'ngx_http_fastcgi_module',
    `
      fastcgi_bind fastcgi_buffer_size fastcgi_buffering fastcgi_buffers fastcgi_busy_buffers_size
      fastcgi_cache fastcgi_cache_background_update fastcgi_cache_bypass fastcgi_cache_key
      fastcgi_cache_lock fastcgi_cache_lock_age fastcgi_cache_lock_timeout
      fastcgi_cache_max_range_offset fastcgi_cache_methods fastcgi_cache_min_uses
      fastcgi_cache_path fastcgi_cache_revalidate fastcgi_cache_use_stale fastcgi_cache_valid
      fastcgi_catch_stderr fastcgi_connect_timeout fastcgi_force_ranges fastcgi_hide_header
      fastcgi_ignore_client_abort fastcgi_ignore_headers fastcgi_index fastcgi_intercept_errors
      fastcgi_keep_conn fastcgi_limit_rate fastcgi_max_temp_file_size fastcgi_next_upstream
      fastcgi_next_upstream_timeout fastcgi_next_upstream_tries fastcgi_no_cache fastcgi_param
      fastcgi_pass fastcgi_pass_header fastcgi_pass_request_body fastcgi_pass_request_headers
      fastcgi_read_timeout fastcgi_request_buffering fastcgi_send_lowat fastcgi_send_timeout
      fastcgi_socket_keepalive fastcgi_socket_rcvbuf fastcgi_socket_sndbuf fastcgi_split_path_info
      fastcgi_store fastcgi_store_access fastcgi_temp_file_write_size fastcgi_temp_path
    `,
    NEVER.fastcgi,
  ),
  module('ngx_http_flv_module', `flv`, NEVER.flv),
  module(
    'ngx_http_geoip_module',
    `
      geoip_city geoip_country geoip_org geoip_proxy geoip_proxy_recursive
    `,
    NEVER.geoip,
  ),
  module(
    'ngx_http_image_filter_module',
    `
      image_filter image_filter_buffer image_filter_interlace image_filter_jpeg_quality
      image_filter_sharpen image_filter_transparency image_filter_webp_quality
    `,
    NEVER.image_filter,
  ),
  module(
    'ngx_http_memcached_module',
    `
      memcached_bind memcached_buffer_size memcached_connect_timeout memcached_gzip_flag
      memcached_next_upstream memcached_next_upstream_timeout memcached_next_upstream_tries
      memcached_pass memcached_read_timeout memcached_send_timeout memcached_socket_keepalive
    `,
    NEVER.memcached,
  ),
  module(
    'ngx_http_mp4_module',
    `
      mp4 mp4_buffer_size mp4_max_buffer_size mp4_start_key_frame
    `,
    NEVER.mp4,
  ),
  module('ngx_http_perl_module', `perl perl_modules perl_require perl_set`, NEVER.perl),
  module(
    'ngx_http_scgi_module',
    `
      scgi_bind scgi_buffer_size scgi_buffering scgi_buffers scgi_busy_buffers_size scgi_cache
      scgi_cache_background_update scgi_cache_bypass scgi_cache_key scgi_cache_lock
      scgi_cache_lock_age scgi_cache_lock_timeout scgi_cache_max_range_offset scgi_cache_methods
      scgi_cache_min_uses scgi_cache_path scgi_cache_revalidate scgi_cache_use_stale
      scgi_cache_valid scgi_connect_timeout scgi_force_ranges scgi_hide_header
      scgi_ignore_client_abort scgi_ignore_headers scgi_intercept_errors scgi_limit_rate
      scgi_max_temp_file_size scgi_next_upstream scgi_next_upstream_timeout
      scgi_next_upstream_tries scgi_no_cache scgi_param scgi_pass scgi_pass_header
      scgi_pass_request_body scgi_pass_request_headers scgi_read_timeout scgi_request_buffering
      scgi_send_timeout scgi_socket_keepalive scgi_socket_rcvbuf scgi_socket_sndbuf scgi_store
      scgi_store_access scgi_temp_file_write_size scgi_temp_path
    `,
    NEVER.scgi,
  ),
  module(
    'ngx_http_uwsgi_module',
    `
      uwsgi_bind uwsgi_buffer_size uwsgi_buffering uwsgi_buffers uwsgi_busy_buffers_size
      uwsgi_cache uwsgi_cache_background_update uwsgi_cache_bypass uwsgi_cache_key
      uwsgi_cache_lock uwsgi_cache_lock_age uwsgi_cache_lock_timeout uwsgi_cache_max_range_offset
      uwsgi_cache_methods uwsgi_cache_min_uses uwsgi_cache_path uwsgi_cache_revalidate
      uwsgi_cache_use_stale uwsgi_cache_valid uwsgi_connect_timeout uwsgi_force_ranges
      uwsgi_hide_header uwsgi_ignore_client_abort uwsgi_ignore_headers uwsgi_intercept_errors
      uwsgi_limit_rate uwsgi_max_temp_file_size uwsgi_modifier1 uwsgi_modifier2
      uwsgi_next_upstream uwsgi_next_upstream_timeout uwsgi_next_upstream_tries uwsgi_no_cache
      uwsgi_param uwsgi_pass uwsgi_pass_header uwsgi_pass_request_body uwsgi_pass_request_headers
      uwsgi_read_timeout uwsgi_request_buffering uwsgi_send_timeout uwsgi_socket_keepalive
      uwsgi_socket_rcvbuf uwsgi_socket_sndbuf uwsgi_ssl_certificate uwsgi_ssl_certificate_cache
      uwsgi_ssl_certificate_key uwsgi_ssl_ciphers uwsgi_ssl_conf_command uwsgi_ssl_crl
      uwsgi_ssl_name uwsgi_ssl_password_file uwsgi_ssl_protocols uwsgi_ssl_server_name
      uwsgi_ssl_session_reuse uwsgi_ssl_trusted_certificate uwsgi_ssl_verify
      uwsgi_ssl_verify_depth uwsgi_store uwsgi_store_access uwsgi_string
      uwsgi_temp_file_write_size uwsgi_temp_path
    `,
    NEVER.uwsgi,
  ),
  module(
    'ngx_http_v3_module',
    `
      http3 http3_hq http3_max_concurrent_streams http3_stream_buffer_size
      quic_active_connection_id_limit quic_bpf quic_gso quic_host_key quic_retry
    `,
    NEVER.v3,
  ),
  module(
    'ngx_http_xslt_module',
    `
      xml_entities xml_external_entities xslt_last_modified xslt_param xslt_string_param
      xslt_stylesheet xslt_types
    `,
    NEVER.xslt,
  ),
  module('ngx_stream_geoip_module', `geoip_city geoip_country geoip_org`, NEVER.geoip),
  module('ngx_google_perftools_module', `google_perftools_profiles`, NEVER.perftools),
  module(
    'ngx_mail_auth_http_module',
    `
      auth_http auth_http_header auth_http_pass_client_cert auth_http_timeout
    `,
    NEVER.mail,
  ),
  module(
    'ngx_mail_core_module',
    `
      error_log listen mail max_errors protocol resolver resolver_timeout server server_name
      timeout
    `,
    NEVER.mail,
  ),
  module('ngx_mail_imap_module', `imap_auth imap_capabilities imap_client_buffer`, NEVER.mail),
  module('ngx_mail_pop3_module', `pop3_auth pop3_capabilities`, NEVER.mail),
  module(
    'ngx_mail_proxy_module',
    `
      proxy proxy_buffer proxy_pass_error_message proxy_protocol proxy_smtp_auth proxy_timeout
      xclient
    `,
    NEVER.mail,
  ),
  module('ngx_mail_realip_module', `set_real_ip_from`, NEVER.mail),
  module(
    'ngx_mail_smtp_module',
    `
      smtp_auth smtp_capabilities smtp_client_buffer smtp_greeting_delay
    `,
    NEVER.mail,
  ),
  module(
    'ngx_mail_ssl_module',
    `
      ssl_certificate ssl_certificate_compression ssl_certificate_key ssl_ciphers
      ssl_client_certificate ssl_conf_command ssl_crl ssl_dhparam ssl_ecdh_curve ssl_password_file
      ssl_prefer_server_ciphers ssl_protocols ssl_session_cache ssl_session_ticket_key
      ssl_session_tickets ssl_session_timeout ssl_trusted_certificate ssl_verify_client
      ssl_verify_depth starttls
    `,
    NEVER.mail,
  ),
];
