import { module, type NginxModule } from './nginx-module.ts';

/** Modules of nginx for the program as a whole, and for `http`. */
export const HTTP_MODULES: readonly NginxModule[] = [
  module(
    'ngx_core_module',
    `
      daemon debug_points env error_log include load_module lock_file master_process pcre_jit pid
      ssl_engine ssl_object_cache_inheritable thread_pool timer_resolution user
      worker_cpu_affinity worker_priority worker_processes worker_rlimit_core worker_rlimit_nofile
      worker_shutdown_timeout working_directory
    `,
  ),
  module(
    'ngx_event_core_module',
    `
      accept_mutex accept_mutex_delay debug_connection epoll_events events multi_accept use
      worker_aio_requests worker_connections
    `,
  ),
  module(
    'ngx_http_core_module',
    `
      absolute_redirect aio aio_write alias auth_delay chunked_transfer_encoding
      client_body_buffer_size client_body_early_read client_body_in_file_only
      client_body_in_single_buffer client_body_temp_path client_body_timeout
      client_header_buffer_size client_header_timeout client_max_body_size connection_pool_size
      default_type directio directio_alignment disable_symlinks early_hints error_log error_page
      etag gzip_disable gzip_http_version gzip_proxied gzip_vary http if_modified_since
      ignore_invalid_headers internal keepalive_disable keepalive_min_timeout keepalive_requests
      keepalive_time keepalive_timeout large_client_header_buffers limit_except limit_rate
      limit_rate_after lingering_close lingering_time lingering_timeout listen location
      log_not_found log_subrequest max_headers max_ranges merge_slashes msie_padding msie_refresh
      open_file_cache open_file_cache_errors open_file_cache_events open_file_cache_min_uses
      open_file_cache_valid output_buffers port_in_redirect post_action postpone_output read_ahead
      recursive_error_pages request_pool_size reset_timedout_connection resolver resolver_timeout
      root satisfy send_lowat send_timeout sendfile sendfile_max_chunk server server_name
      server_name_in_redirect server_names_hash_bucket_size server_names_hash_max_size
      server_tokens subrequest_output_buffer_size tcp_nodelay tcp_nopush try_files types
      types_hash_bucket_size types_hash_max_size underscores_in_headers variables_hash_bucket_size
      variables_hash_max_size
    `,
  ),
  module(
    'ngx_http_upstream_module',
    `
      hash ip_hash keepalive keepalive_requests keepalive_time keepalive_timeout least_conn
      least_time random resolver resolver_timeout server sticky upstream zone
    `,
  ),
  module(
    'ngx_http_proxy_module',
    `
      proxy_bind proxy_buffer_size proxy_buffering proxy_buffers proxy_busy_buffers_size
      proxy_cache proxy_cache_background_update proxy_cache_bypass proxy_cache_convert_head
      proxy_cache_key proxy_cache_lock proxy_cache_lock_age proxy_cache_lock_timeout
      proxy_cache_max_range_offset proxy_cache_methods proxy_cache_min_uses proxy_cache_path
      proxy_cache_revalidate proxy_cache_use_stale proxy_cache_valid proxy_connect_timeout
      proxy_cookie_domain proxy_cookie_flags proxy_cookie_path proxy_force_ranges
      proxy_headers_hash_bucket_size proxy_headers_hash_max_size proxy_hide_header
      proxy_http_version proxy_ignore_client_abort proxy_ignore_headers proxy_intercept_errors
      proxy_limit_rate proxy_max_temp_file_size proxy_method proxy_next_upstream
      proxy_next_upstream_timeout proxy_next_upstream_tries proxy_no_cache proxy_pass
      proxy_pass_header proxy_pass_request_body proxy_pass_request_headers proxy_pass_trailers
      proxy_read_timeout proxy_redirect proxy_request_buffering proxy_send_lowat
      proxy_send_timeout proxy_set_body proxy_set_header proxy_socket_keepalive
      proxy_socket_rcvbuf proxy_socket_sndbuf proxy_ssl_certificate proxy_ssl_certificate_cache
      proxy_ssl_certificate_key proxy_ssl_ciphers proxy_ssl_conf_command proxy_ssl_crl
      proxy_ssl_name proxy_ssl_password_file proxy_ssl_protocols proxy_ssl_server_name
      proxy_ssl_session_reuse proxy_ssl_trusted_certificate proxy_ssl_verify
      proxy_ssl_verify_depth proxy_store proxy_store_access proxy_temp_file_write_size
      proxy_temp_path
    `,
  ),
  module('ngx_http_access_module', `allow deny`),
  module('ngx_http_addition_module', `add_after_body add_before_body addition_types`),
  module('ngx_http_auth_basic_module', `auth_basic auth_basic_user_file`),
  module('ngx_http_auth_request_module', `auth_request auth_request_set`),
  module(
    'ngx_http_autoindex_module',
    `
      autoindex autoindex_exact_size autoindex_format autoindex_localtime
    `,
  ),
  module(
    'ngx_http_charset_module',
    `
      charset charset_map charset_types override_charset source_charset
    `,
  ),
  module('ngx_http_geo_module', `geo`),
  module(
    'ngx_http_grpc_module',
    `
      grpc_bind grpc_buffer_size grpc_connect_timeout grpc_hide_header grpc_ignore_headers
      grpc_intercept_errors grpc_next_upstream grpc_next_upstream_timeout grpc_next_upstream_tries
      grpc_pass grpc_pass_header grpc_read_timeout grpc_send_timeout grpc_set_header
      grpc_socket_keepalive grpc_socket_rcvbuf grpc_socket_sndbuf grpc_ssl_certificate
      grpc_ssl_certificate_cache grpc_ssl_certificate_key grpc_ssl_ciphers grpc_ssl_conf_command
      grpc_ssl_crl grpc_ssl_name grpc_ssl_password_file grpc_ssl_protocols grpc_ssl_server_name
      grpc_ssl_session_reuse grpc_ssl_trusted_certificate grpc_ssl_verify grpc_ssl_verify_depth
    `,
  ),
  module('ngx_http_gunzip_module', `gunzip gunzip_buffers`),
  module(
    'ngx_http_gzip_module',
    `
      gzip gzip_buffers gzip_comp_level gzip_hash gzip_min_length gzip_no_buffer gzip_types
      gzip_window postpone_gzipping
    `,
  ),
  module('ngx_http_gzip_static_module', `gzip_static`),
  module(
    'ngx_http_headers_module',
    `
      add_header add_header_inherit add_trailer add_trailer_inherit expires
    `,
  ),
  module('ngx_http_index_module', `index`),
  module(
    'ngx_http_limit_conn_module',
    `
      limit_conn limit_conn_dry_run limit_conn_log_level limit_conn_status limit_conn_zone
    `,
  ),
  module(
    'ngx_http_limit_req_module',
    `
      limit_req limit_req_dry_run limit_req_log_level limit_req_status limit_req_zone
    `,
  ),
  module('ngx_http_log_module', `access_log log_format open_log_file_cache`),
  module('ngx_http_map_module', `map map_hash_bucket_size map_hash_max_size`),
  module('ngx_http_mirror_module', `mirror mirror_request_body`),
  module('ngx_http_random_index_module', `random_index`),
  module('ngx_http_realip_module', `real_ip_header real_ip_recursive set_real_ip_from`),
  module(
    'ngx_http_referer_module',
    `
      referer_hash_bucket_size referer_hash_max_size valid_referers
    `,
  ),
  module(
    'ngx_http_rewrite_module',
    `
      break if return rewrite rewrite_log set uninitialized_variable_warn
    `,
  ),
  module('ngx_http_secure_link_module', `secure_link secure_link_md5 secure_link_secret`),
  module('ngx_http_slice_module', `slice`),
  module('ngx_http_split_clients_module', `split_clients`),
  module(
    'ngx_http_ssi_module',
    `
      ssi ssi_ignore_recycled_buffers ssi_last_modified ssi_min_file_chunk ssi_silent_errors
      ssi_types ssi_value_length
    `,
  ),
  module(
    'ngx_http_ssl_module',
    `
      ssl_buffer_size ssl_certificate ssl_certificate_cache ssl_certificate_compression
      ssl_certificate_key ssl_ciphers ssl_client_certificate ssl_conf_command ssl_crl ssl_dhparam
      ssl_early_data ssl_ecdh_curve ssl_ech_file ssl_ocsp ssl_ocsp_cache ssl_ocsp_responder
      ssl_password_file ssl_prefer_server_ciphers ssl_protocols ssl_reject_handshake
      ssl_session_cache ssl_session_ticket_key ssl_session_tickets ssl_session_timeout
      ssl_stapling ssl_stapling_file ssl_stapling_responder ssl_stapling_verify
      ssl_trusted_certificate ssl_verify_client ssl_verify_depth
    `,
  ),
  module('ngx_http_stub_status_module', `stub_status`),
  module(
    'ngx_http_sub_module',
    `
      sub_filter sub_filter_last_modified sub_filter_once sub_filter_types
    `,
  ),
  module(
    'ngx_http_tunnel_module',
    `
      tunnel_bind tunnel_buffer_size tunnel_connect_timeout tunnel_next_upstream
      tunnel_next_upstream_timeout tunnel_next_upstream_tries tunnel_pass tunnel_read_timeout
      tunnel_send_lowat tunnel_send_timeout tunnel_socket_keepalive tunnel_socket_rcvbuf
      tunnel_socket_sndbuf
    `,
  ),
  module(
    'ngx_http_userid_module',
    `
      userid userid_domain userid_expires userid_flags userid_mark userid_name userid_p3p
      userid_path userid_service
    `,
  ),
  module(
    'ngx_http_v2_module',
    `
      http2 http2_body_preread_size http2_chunk_size http2_idle_timeout
      http2_max_concurrent_pushes http2_max_concurrent_streams http2_max_field_size
      http2_max_header_size http2_max_requests http2_pool_size http2_push http2_push_preload
      http2_recv_buffer_size http2_recv_timeout http2_streams_index_size
    `,
  ),
];
