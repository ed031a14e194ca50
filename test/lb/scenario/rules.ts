import type { Scenario } from "./run.ts";
import { closing, ONE, sends, visits, withOne } from "./words.ts";

const head = "User-Agent: curl/8";

export const RULES: readonly Scenario[] = [
  withOne("set-uri", " http-request set-uri /x%[path]?y=1 if { path_beg /a }", ...visits("/a/b?c", "/b")),
  withOne("set-query", " http-request set-query q=%[path]", ...visits("/a?b", "/c")),
  withOne("set-method", " http-request set-method POST", ...visits("/a")),
  withOne(
    "set-method of a HEAD: no body comes back, and the next answer is in its place",
    " http-request set-method GET if { path /a }\n http-request deny if { path /d }",
    { steps: [{ send: "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" }, { until: "\r\n\r\n" }, { send: closing("/b") }] },
    sends("HEAD /d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
  ),
  withOne("return without a body has no type", " http-request return content-type text/plain", ...visits("/a")),
  withOne("set-path", " http-request set-path /n%[path,upper]", ...visits("/a?b=c")),
  withOne("set-pathq", " http-request set-pathq /n%[path]?z=1", ...visits("/a?b=c")),
  withOne("replace-path", " http-request replace-path (.*)/foo(.*) \\1/bar\\2", ...visits("/a/foo/b?c=/foo", "/x")),
  withOne("replace-pathq", " http-request replace-pathq /foo(.*) /bar\\1", ...visits("/foo?c=d")),
  withOne("replace-uri", " http-request replace-uri ^/foo/(.*) /bar/\\1", ...visits("/foo/1?q=2")),
  withOne(
    "replace-header and replace-value",
    " http-request replace-header X-A (.*);(.*) \\2;\\1\n http-request replace-value X-B a(.) b\\1",
    sends(closing("/", "X-A: 1;2", "X-B: aa,ab,ac")),
  ),
  withOne(
    "add, set and delete by pattern",
    " http-request del-header X- -m beg\n http-request add-header Y-A 1\n http-request add-header Y-A 2\n http-request set-header Y-B %[src]",
    sends(closing("/", "X-A: 1", "X-B: 2", "Y-A: 0", "Y-B: 0")),
  ),
  withOne(
    "variables",
    " http-request set-var(txn.a) path,lower\n http-request set-var(req.n) int(5),add(2)\n http-request set-header X-A %[var(txn.a)]-%[var(req.n)]\n http-request unset-var(txn.a)\n http-response set-header X-After %[var(txn.a)].",
    ...visits("/ABC"),
  ),
  withOne("reject", " http-request reject if { path /r }", ...visits("/r", "/ok")),
  withOne("silent-drop", " http-request silent-drop if { path /r }", ...visits("/ok")),
  withOne(
    "deny with a page of its own",
    ' http-request deny status 403 content-type text/plain lf-string "no %[path]" hdr X-Why rule if { path /d }',
    ...visits("/d"),
  ),
  withOne("deny in an answer", " http-response deny if { status 404 }", ...visits("/missing", "/ok")),
  withOne(
    "deny with a status in an answer",
    " http-response deny deny_status 429 if { status 404 }",
    ...visits("/missing", "/ok"),
  ),
  withOne(
    "return in an answer",
    ' http-response return status 200 content-type text/plain string "ours" if { status 404 }',
    ...visits("/missing"),
  ),
  withOne(
    "return a file",
    " http-request return status 200 content-type text/plain file FOLDER/body.txt if { path /f }",
    ...visits("/f"),
  ),
  withOne(
    "status of an answer",
    ' http-response set-status 418 reason "Teapot" if { status 404 }',
    ...visits("/missing"),
  ),
  withOne("redirect an answer", " http-response redirect location /login if { status 404 }", ...visits("/missing")),
  withOne(
    "headers of an answer",
    " http-response del-header X-Secret\n http-response add-header X-New %[status]\n http-response replace-value X-Server s(.) t\\1",
    ...visits("/secret"),
  ),
  withOne(
    "location of an answer",
    " http-response replace-header Location http://inner(.*) https://outer\\1",
    ...visits("/location"),
  ),
  withOne(
    "headers of any answer",
    " http-after-response set-header X-Any %[status]\n http-request deny if { path /d }",
    ...visits("/d", "/ok"),
  ),
  withOne("redirect scheme", " redirect scheme https code 301 if { path_beg /s }", ...visits("/s/a?b=c", "/ok")),
  withOne("redirect location", " redirect location /there code 303 if { path_beg /l }", ...visits("/l/a?b=c")),
  withOne(
    "redirect prefix without a query, with a slash",
    " redirect prefix /in drop-query append-slash if { path_beg /p }",
    ...visits("/p?b=c"),
  ),
  withOne(
    "redirect with cookies",
    " redirect location /a set-cookie USER=1 if { path /set }\n redirect location /b clear-cookie USER= if { path /clear }",
    ...visits("/set", "/clear"),
  ),
  withOne(
    "redirect in order after rules",
    " redirect location /a if { path /a }\n http-request deny if { path /a }",
    ...visits("/a"),
  ),
  withOne(
    "basic authentication",
    " http-request auth realm here unless { http_auth(NAME-users) }",
    sends(closing("/")),
    sends(closing("/", "Authorization: Basic YTpi")),
    sends(closing("/", "Authorization: Basic YTpj")),
  ),
  withOne(
    "conditions",
    " acl a path_beg /a\n acl b hdr(user-agent) -m sub curl\n acl c path_end .x .y\n http-request return status 200 hdr X-R ab if a b\n http-request return status 200 hdr X-R a if a !b\n http-request return status 200 hdr X-R c_or if c or { path -m reg ^/r[0-9]+$ }\n http-request return status 200 hdr X-R unless unless b",
    sends(closing("/a", head)),
    sends(closing("/a")),
    sends(closing("/q.y")),
    sends(closing("/r77")),
    sends(closing("/z")),
    sends(closing("/z", head)),
  ),
  withOne(
    "conditions by address, method, count and list",
    " http-request return status 200 hdr X-R post if METH_POST\n http-request return status 200 hdr X-R list if { path -f FOLDER/list.lst }\n http-request return status 200 hdr X-R two if { req.hdr_cnt(x-a) ge 2 }\n http-request return status 200 hdr X-R net if { src 127.0.0.0/8 } { url_param(n) 5:9 }",
    sends("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    ...visits("/x", "/?n=7", "/?n=4"),
    sends(closing("/", "X-A: 1", "X-A: 2")),
  ),
  withOne(
    "captures",
    " capture request header Host len 7\n capture request header X-None len 5\n capture response header X-Server len 10\n http-request capture path len 4",
    ...visits("/abcdef"),
  ),
  withOne(
    "a log format of its own",
    ' log-format "%ci %ft %b %s %ST %B %CC %CS %tsc %rc %sq %bq %hr %hs %{+Q}r %HM %HP %HU %HQ %HV %{+X}rt %[src] NAME"\n capture request header Host len 20'
      .replace(" %B", "")
      .replace(" %{+X}rt", ""),
    ...visits("/a?b=c"),
  ),
  withOne(
    "a unique id",
    " unique-id-format %{+X}o-fixed-%[path]\n http-request set-header X-Id %[unique-id]",
    ...visits("/a"),
  ),
  withOne(
    "log level and silence",
    " http-request set-log-level silent if { path /quiet }",
    ...visits("/quiet", "/loud"),
  ),
  withOne("only errors are logged", " option dontlog-normal", ...visits("/ok", "/fault", "/nothing")),
  withOne("monitor-uri", " monitor-uri /alive\n monitor fail if { nbsrv(NAME) lt 1 }", ...visits("/alive", "/other")),
  {
    name: "monitor-uri that fails",
    section: " monitor-uri /alive\n monitor fail if { nbsrv(NAME) lt 1 }\n server s1 S1 disabled",
    clients: visits("/alive"),
  },
  {
    name: "the statistics page asks for a password",
    section: ` stats enable\n stats uri /st\n stats realm here\n stats auth a:b\n${ONE}`,
    onlyStatus: "the page has a form of its own",
    logDiffers: "the page is made at once: there are no times of a server, and 401 is a refusal",
    clients: [sends(closing("/st")), sends(closing("/st", "Authorization: Basic YTpi")), sends(closing("/other"))],
    inTurn: true,
  },
  withOne("forwardfor", " option forwardfor", sends(closing("/", "X-Forwarded-For: 1.2.3.4"))),
  withOne(
    "forwardfor if-none",
    " option forwardfor if-none",
    sends(closing("/", "X-Forwarded-For: 1.2.3.4")),
    sends(closing("/")),
  ),
  withOne("forwardfor except", " option forwardfor except 127.0.0.0/8 header X-Client", ...visits("/")),
  withOne("originalto", " option originalto", ...visits("/")),
  withOne("httpclose", " option httpclose", sends("GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
  withOne("http-server-close", " option http-server-close", ...visits("/")),
  withOne(
    "maps",
    " http-request set-header X-A %[hdr(host),lower,map(FOLDER/hosts.map,none)]\n http-request set-header X-B %[path,map_beg(FOLDER/paths.map,none)]",
    sends("GET /a/b/c HTTP/1.1\r\nHost: B.example\r\nConnection: close\r\n\r\n"),
    sends("GET /z HTTP/1.1\r\nHost: z.example\r\nConnection: close\r\n\r\n"),
  ),
].map((scenario) =>
  scenario.section.includes("NAME-users")
    ? { ...scenario, more: "userlist NAME-users\n user a insecure-password b\n" }
    : scenario,
);
