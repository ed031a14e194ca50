/**
 * The sample fetches of HAProxy 2.6: `name(arguments):type`, grouped by the places they can be used in.
 * Arguments: s string, i integer, t table, b backend, f frontend, v server, u user list, a4/a6 address; after `|` optional.
 */
export interface FetchGroup {
  /** One letter per place, in the order of `SAMPLE_PLACES`: Y usable, `.` not. */
  readonly places: string;
  readonly fetches: string;
}

export const FETCH_GROUPS: readonly FetchGroup[] = [
  {
    places: "YYYYYYYYYYYYYYYYYYYYYY",
    fetches: `
      always_false:bool always_true:bool bin(s):bin bool(s):bool date(|i,s):sint date_us:sint env(s):str
      hostname:str int(i):sint ipv4(a4):ipv4 ipv6(a6):ipv6 meth(s):meth nbproc:sint proc:sint rand(|i):sint
      str(s):str thread:sint unique-id:str uuid(|i):str var(s|s):any`,
  },
  {
    places: "YYYYYYYYYYYYYYYYYYYY.Y",
    fetches: `
      avg_queue(b):sint be_conn(b):sint be_conn_free(b):sint be_sess_rate(b):sint connslots(b):sint cpu_calls:sint
      cpu_ns_avg:sint cpu_ns_tot:sint fe_conn(f):sint fe_req_rate(f):sint fe_sess_rate(f):sint
      internal.strm.is_htx:bool last_rule_file:str last_rule_line:sint lat_ns_avg:sint lat_ns_tot:sint
      nbsrv(b):sint prio_class:sint prio_offset:sint queue(b):sint sc0_bytes_in_rate(|t):sint
      sc0_bytes_out_rate(|t):sint sc0_clr_gpc0(|t):sint sc0_clr_gpc1(|t):sint sc0_conn_cnt(|t):sint
      sc0_conn_cur(|t):sint sc0_conn_rate(|t):sint sc0_get_gpc0(|t):sint sc0_get_gpc1(|t):sint
      sc0_get_gpt0(|t):sint sc0_gpc0_rate(|t):sint sc0_gpc1_rate(|t):sint sc0_http_err_cnt(|t):sint
      sc0_http_err_rate(|t):sint sc0_http_fail_cnt(|t):sint sc0_http_fail_rate(|t):sint sc0_http_req_cnt(|t):sint
      sc0_http_req_rate(|t):sint sc0_inc_gpc0(|t):sint sc0_inc_gpc1(|t):sint sc0_sess_cnt(|t):sint
      sc0_sess_rate(|t):sint sc0_tracked(|t):bool sc0_trackers(|t):sint sc1_bytes_in_rate(|t):sint
      sc1_bytes_out_rate(|t):sint sc1_clr_gpc(i|t):sint sc1_clr_gpc0(|t):sint sc1_clr_gpc1(|t):sint
      sc1_conn_cnt(|t):sint sc1_conn_cur(|t):sint sc1_conn_rate(|t):sint sc1_get_gpc0(|t):sint
      sc1_get_gpc1(|t):sint sc1_get_gpt0(|t):sint sc1_gpc0_rate(|t):sint sc1_gpc1_rate(|t):sint
      sc1_http_err_cnt(|t):sint sc1_http_err_rate(|t):sint sc1_http_fail_cnt(|t):sint sc1_http_fail_rate(|t):sint
      sc1_http_req_cnt(|t):sint sc1_http_req_rate(|t):sint sc1_inc_gpc0(|t):sint sc1_inc_gpc1(|t):sint
      sc1_sess_cnt(|t):sint sc1_sess_rate(|t):sint sc1_tracked(|t):bool sc1_trackers(|t):sint
      sc2_bytes_in_rate(|t):sint sc2_bytes_out_rate(|t):sint sc2_clr_gpc0(|t):sint sc2_clr_gpc1(|t):sint
      sc2_conn_cnt(|t):sint sc2_conn_cur(|t):sint sc2_conn_rate(|t):sint sc2_get_gpc0(|t):sint
      sc2_get_gpc1(|t):sint sc2_get_gpt0(|t):sint sc2_gpc0_rate(|t):sint sc2_gpc1_rate(|t):sint
      sc2_http_err_cnt(|t):sint sc2_http_err_rate(|t):sint sc2_http_fail_cnt(|t):sint sc2_http_fail_rate(|t):sint
      sc2_http_req_cnt(|t):sint sc2_http_req_rate(|t):sint sc2_inc_gpc0(|t):sint sc2_inc_gpc1(|t):sint
      sc2_sess_cnt(|t):sint sc2_sess_rate(|t):sint sc2_tracked(|t):bool sc2_trackers(|t):sint
      sc_bytes_in_rate(i|t):sint sc_bytes_out_rate(i|t):sint sc_clr_gpc(i,i|t):sint sc_clr_gpc0(i|t):sint
      sc_clr_gpc1(i|t):sint sc_conn_cnt(i|t):sint sc_conn_cur(i|t):sint sc_conn_rate(i|t):sint
      sc_get_gpc(i,i|t):sint sc_get_gpc0(i|t):sint sc_get_gpc1(i|t):sint sc_get_gpt(i,i|t):sint
      sc_get_gpt0(i|t):sint sc_gpc0_rate(i|t):sint sc_gpc1_rate(i|t):sint sc_gpc_rate(i,i|t):sint
      sc_http_err_cnt(i|t):sint sc_http_err_rate(i|t):sint sc_http_fail_cnt(i|t):sint sc_http_fail_rate(i|t):sint
      sc_http_req_cnt(i|t):sint sc_http_req_rate(i|t):sint sc_inc_gpc(i,i|t):sint sc_inc_gpc0(i|t):sint
      sc_inc_gpc1(i|t):sint sc_sess_cnt(i|t):sint sc_sess_rate(i|t):sint sc_tracked(i|t):bool sc_trackers(i|t):sint
      srv_conn(v):sint srv_conn_free(v):sint srv_is_up(v):bool srv_iweight(v):sint srv_queue(v):sint
      srv_sess_rate(v):sint srv_uweight(v):sint srv_weight(v):sint stopping:bool table_avl(t):sint
      table_cnt(t):sint wait_end:bool`,
  },
  {
    places: "..YYYYYYYYY...........",
    fetches: `
      base:str base32:sint base32+src:bin baseq:str cook(|s):str cook_cnt(|s):sint cook_val(|s):sint
      fcgi.docroot:str fcgi.index:str hdr_cnt(|s):sint hdr_ip(|s,i):ipv4 hdr_val(|s,i):sint http_auth(u):bool
      http_auth_bearer(|s):str http_auth_group(u):str http_auth_pass:str http_auth_type:str http_auth_user:str
      path:str pathq:str query:str rdp_cookie(|s):str rdp_cookie_cnt(|s):sint req.body:bin req.body_len:sint
      req.body_param(|s):bin req.body_size:sint req.cook(|s):str req.cook_cnt(|s):sint req.cook_val(|s):sint
      req.fhdr(|s,i):str req.fhdr_cnt(|s):sint req.hdr(|s,i):str req.hdr_cnt(|s):sint req.hdr_ip(|s,i):ipv4
      req.hdr_names(|s):str req.hdr_val(|s,i):sint req.hdrs:bin req.hdrs_bin:bin req.len:sint req.payload(i,i):bin
      req.payload_lv(i,i|s):bin req.rdp_cookie(|s):str req.rdp_cookie_cnt(|s):sint req.ssl_alpn:str
      req.ssl_ec_ext:bool req.ssl_hello_type:sint req.ssl_sni:str req.ssl_st_ext:sint req.ssl_ver:sint req.ver:str
      req_len:sint req_ssl_hello_type:sint req_ssl_sni:str req_ssl_ver:sint req_ver:str url:str url32:sint
      url32+src:bin url_ip:ipv4 url_param(|s,s):str url_port:sint urlp(|s,s):str urlp_val(|s,s):sint`,
  },
  {
    places: "...........YYYYYYYYY..",
    fetches: `
      bc_dst:sint bc_dst_port:sint bc_err:sint bc_err_str:str bc_http_major:sint bc_src:sint bc_src_port:sint
      capture.res.hdr(i):str res.comp:bool res.comp_algo:str ssl_bc:bool ssl_bc_alg_keysize:sint ssl_bc_alpn:str
      ssl_bc_cipher:str ssl_bc_client_random:bin ssl_bc_err:sint ssl_bc_err_str:str ssl_bc_is_resumed:bool
      ssl_bc_npn:str ssl_bc_protocol:str ssl_bc_server_random:bin ssl_bc_session_id:bin ssl_bc_session_key:bin
      ssl_bc_unique_id:bin ssl_bc_use_keysize:sint status:sint`,
  },
  {
    places: "......YYYYYYYYYYYYYY..",
    fetches: `
      be_id:sint be_name:str be_server_timeout:sint be_tunnel_timeout:sint cur_server_timeout:sint
      cur_tunnel_timeout:sint`,
  },
  {
    places: "..YYYYYYYYYYYYYYYYY...",
    fetches: `
      capture.req.hdr(i):str capture.req.method:str capture.req.uri:str capture.req.ver:str capture.res.ver:str
      http_first_req:bool method:meth req.proto_http:bool req_proto_http:bool`,
  },
  {
    places: "..YYYYYYYYYYYYYYYY.Y..",
    fetches: `
      cookie(|s):str distcc_body(s|i):bin distcc_param(s|i):sint hdr(|s,i):str internal.htx.data:sint
      internal.htx.free:sint internal.htx.free_data:sint internal.htx.has_eom:bool internal.htx.nbblks:sint
      internal.htx.size:sint internal.htx.used:sint internal.htx_blk.data(s):bin internal.htx_blk.hdrname(s):str
      internal.htx_blk.hdrval(s):str internal.htx_blk.size(s):sint internal.htx_blk.start_line(s):str
      internal.htx_blk.type(s):str payload(i,i):bin payload_lv(i,i|s):bin`,
  },
  {
    places: "YYYYYYYYYYYYYYYYYYYY..",
    fetches: `
      dst:ipv4 dst_is_local:bool dst_port:sint fc_dst:ipv4 fc_dst_is_local:bool fc_dst_port:sint fc_err:sint
      fc_err_str:str fc_fackets(|s):sint fc_http_major:sint fc_lost(|s):sint fc_pp_authority:str
      fc_pp_unique_id:str fc_rcvd_proxy:bool fc_reordering(|s):sint fc_retrans(|s):sint fc_rtt(|s):sint
      fc_rttvar(|s):sint fc_sacked(|s):sint fc_src:ipv4 fc_src_is_local:bool fc_src_port:sint fc_unacked(|s):sint
      sc0_kbytes_in(|t):sint sc0_kbytes_out(|t):sint sc1_kbytes_in(|t):sint sc1_kbytes_out(|t):sint
      sc2_kbytes_in(|t):sint sc2_kbytes_out(|t):sint sc_kbytes_in(i|t):sint sc_kbytes_out(i|t):sint src:ipv4
      src_bytes_in_rate(t):sint src_bytes_out_rate(t):sint src_clr_gpc(i,t):sint src_clr_gpc0(t):sint
      src_clr_gpc1(t):sint src_conn_cnt(t):sint src_conn_cur(t):sint src_conn_rate(t):sint src_get_gpc(i,t):sint
      src_get_gpc0(t):sint src_get_gpc1(t):sint src_get_gpt(i,t):sint src_get_gpt0(t):sint src_gpc0_rate(t):sint
      src_gpc1_rate(t):sint src_gpc_rate(i,t):sint src_http_err_cnt(t):sint src_http_err_rate(t):sint
      src_http_fail_cnt(t):sint src_http_fail_rate(t):sint src_http_req_cnt(t):sint src_http_req_rate(t):sint
      src_inc_gpc(i,t):sint src_inc_gpc0(t):sint src_inc_gpc1(t):sint src_is_local:bool src_kbytes_in(t):sint
      src_kbytes_out(t):sint src_port:sint src_sess_cnt(t):sint src_sess_rate(t):sint src_updt_conn_cnt(t):sint`,
  },
  {
    places: "YYYYYYYYYYYYYYYYYYY...",
    fetches: `
      dst_conn:sint fe_client_timeout:sint fe_defbe:str fe_id:sint fe_name:str so_id:sint so_name:str`,
  },
  {
    places: "...........YYYYYYY.Y..",
    fetches: `
      rep_ssl_hello_type:sint res.body:bin res.body_len:sint res.body_size:sint res.cook(|s):str
      res.cook_cnt(|s):sint res.cook_val(|s):sint res.fhdr(|s,i):str res.fhdr_cnt(|s):sint res.hdr(|s,i):str
      res.hdr_cnt(|s):sint res.hdr_ip(|s,i):ipv4 res.hdr_names(|s):str res.hdr_val(|s,i):sint res.hdrs:bin
      res.hdrs_bin:bin res.len:sint res.payload(i,i):bin res.payload_lv(i,i|s):bin res.ssl_hello_type:sint
      res.ver:str resp_ver:str scook(|s):str scook_cnt(|s):sint scook_val(|s):sint shdr(|s,i):str shdr_cnt(|s):sint
      shdr_ip(|s,i):ipv4 shdr_val(|s,i):sint`,
  },
  {
    places: "..........YYYYYYYYYY..",
    fetches: `
      res.cache_hit:bool res.cache_name:str srv_id:sint srv_name:str`,
  },
  {
    places: ".YYYYYYYYYYYYYYYYYY...",
    fetches: `
      ssl_c_ca_err:sint ssl_c_ca_err_depth:sint ssl_c_chain_der:bin ssl_c_der:bin ssl_c_err:sint
      ssl_c_i_dn(|s,i,s):str ssl_c_key_alg:str ssl_c_notafter:str ssl_c_notbefore:str ssl_c_s_dn(|s,i,s):str
      ssl_c_serial:bin ssl_c_sha1:bin ssl_c_sig_alg:str ssl_c_used:bool ssl_c_verify:sint ssl_c_version:sint
      ssl_f_der:bin ssl_f_i_dn(|s,i,s):str ssl_f_key_alg:str ssl_f_notafter:str ssl_f_notbefore:str
      ssl_f_s_dn(|s,i,s):str ssl_f_serial:bin ssl_f_sha1:bin ssl_f_sig_alg:str ssl_f_version:sint ssl_fc:bool
      ssl_fc_alg_keysize:sint ssl_fc_alpn:str ssl_fc_cipher:str ssl_fc_cipherlist_bin(|i):str
      ssl_fc_cipherlist_hex(|i):bin ssl_fc_cipherlist_str(|i):str ssl_fc_cipherlist_xxh:sint
      ssl_fc_client_early_traffic_secret:str ssl_fc_client_handshake_traffic_secret:str ssl_fc_client_random:bin
      ssl_fc_client_traffic_secret_0:str ssl_fc_early_exporter_secret:str ssl_fc_ecformats_bin:str
      ssl_fc_eclist_bin(|i):str ssl_fc_err:sint ssl_fc_err_str:str ssl_fc_exporter_secret:str
      ssl_fc_extlist_bin(|i):str ssl_fc_has_crt:bool ssl_fc_has_early:bool ssl_fc_has_sni:bool
      ssl_fc_is_resumed:bool ssl_fc_npn:str ssl_fc_protocol:str ssl_fc_protocol_hello_id:sint
      ssl_fc_server_handshake_traffic_secret:str ssl_fc_server_random:bin ssl_fc_server_traffic_secret_0:str
      ssl_fc_session_id:bin ssl_fc_session_key:bin ssl_fc_sni:str ssl_fc_unique_id:bin ssl_fc_use_keysize:sint
      ssl_s_chain_der:bin ssl_s_der:bin ssl_s_i_dn(|s,i,s):str ssl_s_key_alg:str ssl_s_notafter:str
      ssl_s_notbefore:str ssl_s_s_dn(|s,i,s):str ssl_s_serial:bin ssl_s_sha1:bin ssl_s_sig_alg:str
      ssl_s_version:sint`,
  },
];
