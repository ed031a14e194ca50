/**
 * The converters of HAProxy 2.6: `name(arguments):input>output`. Arguments as in `fetch-data.ts`, and
 * m4/m6 network masks, r regular expression, p protocol-buffers path.
 */
export const CONVERTERS = `
  add(s):sint>sint add_item(s,s|s):str>str aes_gcm_dec(i,s,s,s):bin>bin and(s):sint>sint b64dec:str>bin
  base64:bin>str be2dec(s|i,i):bin>str be2hex(s|i,i):bin>str bool:sint>bool bytes(i|i):bin>bin
  capture-req(i):str>str capture-res(i):str>str concat(s|s,s):str>str cpl:sint>sint crc32(|i):bin>sint
  crc32c(|i):bin>sint cut_crlf:str>str debug(|s,s):any>any digest(s):bin>bin div(s):sint>sint djb2(|i):bin>sint
  even:sint>bool field(i,s|i):str>str fix_is_valid:bin>bool fix_tag_value(s):bin>bin hex:bin>str hex2i:str>sint
  hmac(s,s):bin>bin host_only:str>str htonl:sint>bin http_date(|i,s):sint>str iif(s,s):bool>str
  in_table(t):any>bool ipmask(m4|m6):addr>ipv4 json(s):str>str json_query(s|s):str>any
  jwt_header_query(|s,s):bin>any jwt_payload_query(|s,s):bin>any jwt_verify(s,s):bin>sint language(s|s):str>str
  length:str>sint lower:str>str ltime(s|i):sint>str ltrim(s):str>str map(s|s):str>str map_beg(s|s):str>str
  map_beg_int(s|i):str>sint map_beg_ip(s|s):str>addr map_dir(s|s):str>str map_dir_int(s|i):str>sint
  map_dir_ip(s|s):str>addr map_dom(s|s):str>str map_dom_int(s|i):str>sint map_dom_ip(s|s):str>addr
  map_end(s|s):str>str map_end_int(s|i):str>sint map_end_ip(s|s):str>addr map_int(s|s):sint>str
  map_int_int(s|i):sint>sint map_int_ip(s|s):sint>addr map_ip(s|s):addr>str map_ip_int(s|i):addr>sint
  map_ip_ip(s|s):addr>addr map_reg(s|s):str>str map_reg_int(s|i):str>sint map_reg_ip(s|s):str>addr
  map_regm(s|s):str>str map_str(s|s):str>str map_str_int(s|i):str>sint map_str_ip(s|s):str>addr
  map_sub(s|s):str>str map_sub_int(s|i):str>sint map_sub_ip(s|s):str>addr mod(s):sint>sint
  mqtt_field_value(s,s):bin>str mqtt_is_valid:bin>bool mul(s):sint>sint nbsrv:str>sint neg:sint>sint not:sint>bool
  odd:sint>bool or(s):sint>sint port_only:str>sint protobuf(p|s):bin>bin regsub(r,s|s):str>str rtrim(s):str>str
  sdbm(|i):bin>sint secure_memcmp(s):bin>bool set-var(s|s,s,s,s):any>any sha1:bin>bin sha2(|i):bin>bin
  srv_queue:str>sint strcmp(s):str>sint sub(s):sint>sint table_bytes_in_rate(t):any>sint
  table_bytes_out_rate(t):any>sint table_conn_cnt(t):any>sint table_conn_cur(t):any>sint
  table_conn_rate(t):any>sint table_expire(t|i):any>sint table_gpc(i,t):any>sint table_gpc0(t):any>sint
  table_gpc0_rate(t):any>sint table_gpc1(t):any>sint table_gpc1_rate(t):any>sint table_gpc_rate(i,t):any>sint
  table_gpt(i,t):any>sint table_gpt0(t):any>sint table_http_err_cnt(t):any>sint table_http_err_rate(t):any>sint
  table_http_fail_cnt(t):any>sint table_http_fail_rate(t):any>sint table_http_req_cnt(t):any>sint
  table_http_req_rate(t):any>sint table_idle(t|i):any>sint table_kbytes_in(t):any>sint table_kbytes_out(t):any>sint
  table_server_id(t):any>sint table_sess_cnt(t):any>sint table_sess_rate(t):any>sint table_trackers(t):any>sint
  ub64dec:str>bin ub64enc:bin>str ungrpc(p|s):bin>bin unset-var(s):any>any upper:str>str url_dec(|i):str>str
  url_enc(s):str>str utime(s|i):sint>str word(i,s|i):str>str wt6(|i):bin>sint xor(s):sint>sint xxh3(|i):bin>sint
  xxh32(|i):bin>sint xxh64(|i):bin>sint`;

/** Keywords that only conditions know, as `name=fetch/match`. */
export const ACL_ALIASES = `
  base=base/str base_beg=base/beg base_dir=base/dir base_dom=base/dom base_end=base/end base_len=base/len
  base_reg=base/reg base_sub=base/sub cook=req.cook/str cook_beg=req.cook/beg cook_dir=req.cook/dir
  cook_dom=req.cook/dom cook_end=req.cook/end cook_len=req.cook/len cook_reg=req.cook/reg cook_sub=req.cook/sub
  hdr=req.hdr/str hdr_beg=req.hdr/beg hdr_dir=req.hdr/dir hdr_dom=req.hdr/dom hdr_end=req.hdr/end
  hdr_len=req.hdr/len hdr_reg=req.hdr/reg hdr_sub=req.hdr/sub http_auth_group=http_auth_group/str method=method/str
  path=path/str path_beg=path/beg path_dir=path/dir path_dom=path/dom path_end=path/end path_len=path/len
  path_reg=path/reg path_sub=path/sub payload=req.payload/bin payload_lv=req.payload_lv/bin
  req.ssl_ver=req.ssl_ver/int req_rdp_cookie=req.rdp_cookie/str req_rdp_cookie_cnt=req.rdp_cookie_cnt/int
  req_ssl_sni=req.ssl_sni/str req_ssl_ver=req.ssl_ver/int req_ver=req.ver/str resp_ver=res.ver/str
  scook=res.cook/str scook_beg=res.cook/beg scook_dir=res.cook/dir scook_dom=res.cook/dom scook_end=res.cook/end
  scook_len=res.cook/len scook_reg=res.cook/reg scook_sub=res.cook/sub shdr=res.hdr/str shdr_beg=res.hdr/beg
  shdr_dir=res.hdr/dir shdr_dom=res.hdr/dom shdr_end=res.hdr/end shdr_len=res.hdr/len shdr_reg=res.hdr/reg
  shdr_sub=res.hdr/sub ssl_fc_sni_end=ssl_fc_sni/end ssl_fc_sni_reg=ssl_fc_sni/reg url=url/str url_beg=url/beg
  url_dir=url/dir url_dom=url/dom url_end=url/end url_len=url/len url_reg=url/reg url_sub=url/sub urlp=urlp/str
  urlp_beg=urlp/beg urlp_dir=urlp/dir urlp_dom=urlp/dom urlp_end=urlp/end urlp_len=urlp/len urlp_reg=urlp/reg
  urlp_sub=urlp/sub`;
