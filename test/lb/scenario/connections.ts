/** Rules of connections and sessions: whom they see, what they change and track, and for how long. */
import type { Script } from "./client.ts";
import type { Scenario } from "./run.ts";
import { closing, get, sends, withOne } from "./words.ts";

/** Two requests on one connection, the second one when the first is answered. */
const twice: Script = { steps: [{ send: get("/a") }, { until: "GET /a" }, { send: closing("/b") }] };
const HEADER = "PROXY TCP4 9.9.9.9 8.8.8.8 99 88\r\n";
const proxied = sends(`${HEADER}${closing("/p")}`);
const FACTS = ' http-request set-header X-Facts "%[src] %[fc_src] %[dst] %[fc_dst]"\n';
const PORTS = ' http-request set-header X-Ports "%[src_port] %[fc_src_port] %[dst_port] %[fc_dst_port]"\n';
const sets = (where: string): string =>
  ["set-src ipv4(1.2.3.4)", "set-src-port int(11)", "set-dst ipv4(4.3.2.1)", "set-dst-port int(22)"]
    .map((action) => ` ${where} ${action}\n`)
    .join("");
const TABLE = " stick-table type ip size 10 store http_req_cnt,conn_cnt,conn_cur,sess_cnt,gpc0\n";
const COUNTS =
  ' http-request set-header X-Counts "%[sc0_http_req_cnt] %[sc0_conn_cnt] %[sc0_conn_cur] %[sc0_sess_cnt]"\n http-request sc-inc-gpc0(0)\n http-request set-header X-Gpc %[sc0_get_gpc0]';
const SEEN = ' http-request set-header X-Seen "%[var(sess.con)] %[var(sess.ses)]"\n';
const NOTES = " tcp-request connection set-var(sess.con) src\n tcp-request session set-var(sess.ses) src\n";
const TCP_LOG = ' mode tcp\n log-format "%[src] %[fc_src] %[dst] %[fc_dst] %ci t%[fe_id,mul(0)]"\n';

const behindProxy = (name: string, lines: string, ...clients: readonly Script[]): Scenario => ({
  ...withOne(name, lines, ...clients),
  bind: "accept-proxy",
});
const bytes = (name: string, section: string, text = "hello"): Scenario => ({
  name,
  section,
  raw: true,
  clients: [{ steps: [{ send: text }, { waitMs: 200 }, { do: "finish" }] }],
});

export const CONNECTIONS: readonly Scenario[] = [
  withOne(
    "rules of the connection change who talks to whom",
    `${sets("tcp-request connection")}${FACTS}${PORTS}`,
    twice,
  ),
  withOne("rules of the session leave the connection as it is", `${sets("tcp-request session")}${FACTS}`, twice),
  withOne("rules of the content change one request", `${sets("tcp-request content")}${FACTS}`, twice),
  withOne(
    "rules of a request are forgotten with it",
    ` http-request set-src ipv4(1.2.3.4) if { path /a }\n http-request set-src-port int(7) if { path /a }\n${FACTS}`,
    twice,
  ),
  withOne(
    "one after the other",
    ` tcp-request connection set-src ipv4(1.2.3.4)\n tcp-request connection set-src-port int(7)\n tcp-request session set-src src,ipmask(8)\n tcp-request session set-dst fc_src\n${FACTS}`,
    twice,
  ),
  withOne(
    "what the connection tracks counts all of its requests",
    `${TABLE} tcp-request connection track-sc0 src\n${COUNTS}`,
    twice,
  ),
  withOne("the same of the session", `${TABLE} tcp-request session track-sc0 src\n${COUNTS}`, twice),
  withOne("what the content tracks is each request's", `${TABLE} tcp-request content track-sc0 src\n${COUNTS}`, twice),
  withOne(
    "a request tracks what its connection does not",
    `${TABLE} tcp-request connection track-sc1 src\n http-request track-sc0 src\n${COUNTS}`,
    twice,
  ),
  withOne("variables of the connection", `${NOTES}${SEEN}`, twice),
  behindProxy("rules of the connection see who brings the header", `${NOTES}${SEEN}${FACTS}`, proxied),
  behindProxy("they may refuse it", ` tcp-request connection reject if { src 127.0.0.1 }\n${FACTS}`, proxied),
  behindProxy("they don't know whom it names", ` tcp-request connection reject if { src 9.9.9.9 }\n${FACTS}`, proxied),
  behindProxy("rules of the session do", ` tcp-request session reject if { src 9.9.9.9 }\n${FACTS}`, proxied),
  behindProxy(
    "the header tells more than rules of the connection",
    `${sets("tcp-request connection")}${FACTS}${PORTS}`,
    proxied,
  ),
  behindProxy("rules of the session tell more than the header", `${sets("tcp-request session")}${FACTS}`, proxied),
  behindProxy(
    "who brings the header is tracked",
    `${TABLE} tcp-request connection track-sc0 src\n http-request set-header X-Tracked "%[src,table_conn_cnt] %[fc_src,table_conn_cnt]"\n${COUNTS}`,
    proxied,
  ),
  {
    name: "the header for the server is what rules made of it",
    section: `${sets("http-request")} server s1 S1 send-proxy`,
    clients: [sends(closing("/a"))],
  },
  bytes("plain bytes: rules of the connection", `${TCP_LOG}${sets("tcp-request connection")} server s1 S1`),
  bytes("plain bytes: rules of the session", `${TCP_LOG}${sets("tcp-request session")} server s1 S1`),
  bytes("plain bytes: rules of the content", `${TCP_LOG}${sets("tcp-request content")} server s1 S1`),
  {
    ...bytes(
      "plain bytes: rules of the connection don't know whom a header names",
      " mode tcp\n tcp-request connection reject if { src 9.9.9.9 }\n server s1 S1",
      `${HEADER}hello`,
    ),
    bind: "accept-proxy",
    logDiffers: "the client's end and its silence may come in any order",
  },
  {
    ...bytes(
      "plain bytes: they may refuse who brings it",
      " mode tcp\n tcp-request connection reject if { src 127.0.0.1 }\n server s1 S1",
      `${HEADER}hello`,
    ),
    bind: "accept-proxy",
  },
  withOne(
    "values can't end a field",
    ' http-request set-header X-Path %[path,url_dec]\n http-request add-header X-List "a %[path,url_dec] b"\n http-request return status 200 content-type text/plain hdr X-Back %[path,url_dec] lf-string "<%[path,url_dec]>" if { path_beg /r }',
    sends(closing("/a%0d%0aX:%20y%09z%7f")),
    sends(closing("/r%0d%0aX:%20y%09z%7f")),
  ),
];
