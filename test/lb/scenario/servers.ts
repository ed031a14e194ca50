import type { Script } from "./client.ts";
import type { Scenario } from "./run.ts";
import { closing, get, sends, visits } from "./words.ts";

/** Clients whose answers are held until the last of them has its server, each coming when the one before has one. */
const together = (word: string, count: number): readonly Script[] =>
  Array.from({ length: count }, (_, index) => ({
    ...(index === 0 ? {} : { after: `asked /held?${word}&${index - 1}` }),
    steps: [
      { send: closing(`/held?${word}&${index}`) },
      ...(index < count - 1 ? [] : [{ when: `asked /held?${word}&${index}` }, { tell: word }]),
    ],
  }));
const many = (count: number, path: string): readonly Script[] => visits(...Array.from({ length: count }, () => path));
const THREE = " server s1 S1\n server s2 S2\n server s3 S3";
/** One client: a request when the one before is answered, on one connection. */
const THREE_IN_TURN: Script = {
  steps: [{ send: get("/1") }, { until: "GET /1" }, { send: get("/2") }, { until: "GET /2" }, { send: closing("/3") }],
};

export const SERVERS: readonly Scenario[] = [
  {
    name: "who waits too long: 503 with sQ",
    section: " timeout queue 500ms\n server s1 S1 maxconn 1",
    clients: [
      sends(closing("/held?done-late")),
      { as: "late", after: "asked /held?done-late", steps: [{ send: closing("/late") }] },
    ],
  },
  {
    name: "who waits is served",
    section: " server s1 S1 maxconn 1",
    clients: [
      sends(closing("/held?both-wait")),
      { after: "asked /held?both-wait", steps: [{ send: closing("/") }, { queued: 1 }, { tell: "one-waits" }] },
      { after: "one-waits", steps: [{ send: closing("/") }, { queued: 2 }, { tell: "both-wait" }] },
    ],
  },
  {
    name: "a full queue of a server",
    section: " balance roundrobin\n server s1 S1 maxconn 1 maxqueue 1\n server s2 S2 backup",
    clients: [
      sends(closing("/held?it-is-full")),
      { after: "asked /held?it-is-full", steps: [{ send: closing("/") }, { queued: 1 }, { tell: "it-is-full" }] },
    ],
  },
  {
    name: "leastconn avoids who is busy",
    section: ` balance leastconn\n${THREE}`,
    clients: together("least", 4),
  },
  {
    name: "leastconn with weights",
    section: " balance leastconn\n server s1 S1 weight 1\n server s2 S2 weight 3",
    clients: together("weights", 4),
  },
  {
    name: "first fills up the first",
    section: " balance first\n server s1 S1 maxconn 2\n server s2 S2 maxconn 2",
    clients: together("first", 4),
  },
  {
    name: "a backup server",
    section: " server s1 S1 disabled\n server s2 S2 backup\n server s3 S3 backup",
    clients: visits("/", "/"),
    inTurn: true,
  },
  {
    name: "all backup servers",
    section: " option allbackups\n server s1 S1 disabled\n server s2 S2 backup\n server s3 S3 backup",
    clients: visits("/", "/"),
    inTurn: true,
  },
  {
    name: "weight 0 gets nothing",
    section: " server s1 S1 weight 0\n server s2 S2",
    clients: visits("/", "/"),
    inTurn: true,
  },
  {
    name: "redispatch to the next server",
    section: " option redispatch 1\n retries 2\n server s1 DEAD\n server s2 S2",
    clients: visits("/", "/"),
    inTurn: true,
  },
  {
    name: "a cookie names a server that is gone, with redispatch",
    section:
      " option redispatch 1\n retries 2\n cookie SRV insert indirect\n server s1 DEAD cookie c1\n server s2 S2 cookie c2",
    clients: [sends(closing("/", "Cookie: SRV=c1"))],
  },
  {
    name: "a cookie names a server that is off",
    section: " cookie SRV insert indirect\n server s1 S1 cookie c1 disabled\n server s2 S2 cookie c2",
    clients: [sends(closing("/", "Cookie: SRV=c1")), sends(closing("/", "Cookie: SRV=none"))],
    inTurn: true,
  },
  {
    name: "retry-on for answers that didn't come",
    section:
      " option redispatch 1\n retries 2\n retry-on conn-failure empty-response 500\n server s1 S1\n server s2 S2",
    clients: visits("/nothing", "/fault"),
    inTurn: true,
  },
  {
    name: "use-server and its conditions",
    section: ` use-server s3 if { path_beg /three }\n use-server s2 unless { path_beg /any }\n${THREE}`,
    clients: visits("/three", "/x", "/any"),
    inTurn: true,
  },
  {
    name: "a backend that an expression names",
    section: " use_backend %[path,field(2,/)]-NAME if { path_beg /dyn }\n server s1 S1",
    more: "backend dyn-NAME\n server s2 S2\n",
    clients: visits("/dyn/x", "/dynx", "/other"),
    inTurn: true,
  },
  {
    name: "ignore-persist",
    section: ` cookie SRV\n ignore-persist if { path_beg /img }\n balance first\n server s1 S1 cookie c1\n server s2 S2 cookie c2`,
    clients: [sends(closing("/img", "Cookie: SRV=c2")), sends(closing("/a", "Cookie: SRV=c2"))],
    inTurn: true,
  },
  {
    name: "ignore-persist with cookies that are inserted",
    section: ` cookie SRV insert\n ignore-persist if { path_beg /img }\n balance first\n server s1 S1 cookie c1\n server s2 S2 cookie c2`,
    clients: [sends(closing("/img")), sends(closing("/img", "Cookie: SRV=c2")), sends(closing("/a"))],
    inTurn: true,
  },
  {
    name: "servers without a cookie take it away",
    section: " cookie SRV insert nocache domain a.example\n server s1 S1",
    clients: [sends(closing("/")), sends(closing("/", "Cookie: SRV=c2"))],
    inTurn: true,
  },
  {
    name: "one side excepts clients from forwardfor",
    section: " option forwardfor except 127.0.0.0/8\n use_backend NAME-b if { path_beg /b }\n server s1 S1",
    more: "backend NAME-b\n option forwardfor header X-Client\n server s2 S2\n",
    clients: visits("/a", "/b"),
    inTurn: true,
  },
  {
    name: "force-persist",
    section:
      " cookie SRV\n force-persist if { path_beg /force }\n balance first\n server s1 S1 cookie c1\n server s2 S2 cookie c2 disabled",
    clients: [sends(closing("/force", "Cookie: SRV=c2")), sends(closing("/a", "Cookie: SRV=c2"))],
    inTurn: true,
  },
  {
    name: "a rate limit by a table",
    section:
      " stick-table type ip size 100 expire 10s store http_req_rate(10s)\n http-request track-sc0 src\n http-request deny deny_status 429 if { sc_http_req_rate(0) gt 3 }\n server s1 S1",
    clients: many(5, "/"),
    inTurn: true,
  },
  {
    name: "counters of a table in answers",
    section:
      " stick-table type string len 20 size 100 expire 10s store gpc0,http_req_cnt,http_err_cnt,conn_cnt,bytes_out_cnt\n http-request track-sc1 url_param(u)\n http-request sc-inc-gpc0(1) if { path /inc }\n http-response set-header X-Counts %[sc_http_req_cnt(1)]-%[sc_http_err_cnt(1)]-%[sc_get_gpc0(1)]-%[sc_conn_cnt(1)]-%[sc_conn_cur(1)]-%[sc_tracked(1)]\n server s1 S1",
    clients: visits("/?u=a", "/inc?u=a", "/missing?u=a", "/?u=b", "/?u=a", "/"),
    inTurn: true,
  },
  {
    name: "counters by a key without tracking",
    section:
      " stick-table type ip size 100 expire 10s store gpc0,http_req_cnt,gpt0\n http-request track-sc0 src\n http-request sc-set-gpt0(0) 7\n http-response set-header X-Counts %[src,table_http_req_cnt(NAME)]-%[src_get_gpc0(NAME)]-%[src_inc_gpc0(NAME)]-%[sc_get_gpt0(0)]-%[src,in_table(NAME)]\n server s1 S1",
    clients: many(3, "/"),
    inTurn: true,
  },
  {
    name: "stick on an address",
    section: ` stick-table type ip size 100 expire 10s\n stick on src\n${THREE}`,
    clients: many(3, "/"),
    inTurn: true,
  },
  {
    name: "stick on a header",
    section: ` stick-table type string len 20 size 100 expire 10s\n stick on hdr(X-User)\n${THREE}`,
    clients: ["a", "b", "a", "b", "c"].map((user) => sends(closing("/", `X-User: ${user}`))),
    inTurn: true,
  },
  {
    name: "stick on what the server gave",
    section: ` stick-table type string len 20 size 100 expire 10s\n stick store-response res.cook(a)\n stick match req.cook(a)\n${THREE}`,
    clients: [sends(closing("/setcookie")), sends(closing("/", "Cookie: a=b")), sends(closing("/", "Cookie: a=b"))],
    inTurn: true,
  },
  {
    name: "one connection, its requests go round",
    section: ` option http-server-close\n${THREE}`,
    clients: [THREE_IN_TURN],
  },
  {
    name: "prefer-last-server",
    section: ` option prefer-last-server\n balance leastconn\n${THREE}`,
    clients: [THREE_IN_TURN],
  },
  {
    name: "conditions on servers and backends",
    section:
      " http-request return status 200 hdr X-R none if { nbsrv(none-NAME) eq 0 } { path /n }\n http-request return status 200 hdr X-R up if { srv_is_up(NAME/s1) } { path /u }\n server s1 S1",
    more: "backend none-NAME\n server x S2 disabled\n",
    clients: visits("/n", "/u", "/x"),
    inTurn: true,
  },
];
