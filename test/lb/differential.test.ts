/** The same configuration and the same bytes to HAProxy and to ha-lb: answers, chosen servers and log lines must agree. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freePorts } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";
import {
  comparable,
  comparableLine,
  exchange,
  exchangeFrom,
  HAS_HAPROXY,
  type Pair,
  type Side,
  startPair,
} from "./pair.ts";
import { statusesOf } from "./scenario/run.ts";

const START_LIMIT_MS = 240_000;
/** How long a line may be on its way. */
const LOG_LIMIT_MS = 10_000;

/** Limits are far longer than anything takes; one thread, so that counts of the one before are settled when the next comes. */
const defaults = (log: number) => `global
 log 127.0.0.1:${log} local0
 nbthread 1
defaults
 mode http
 log global
 option httplog
 timeout connect 20s
 timeout client 20s
 timeout server 20s
 timeout http-request 20s
 retries 1
`;

const get = (path: string, ...lines: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: example.org\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const closing = (path: string, ...lines: string[]) => get(path, ...lines, "Connection: close");

const rules = (port: number, log: number, [one, two, three]: readonly number[]) => `${defaults(log)}
frontend f
 bind 127.0.0.1:${port}
 option forwardfor
 acl admin path_beg /admin
 acl curl hdr_sub(user-agent) -i curl
 http-request deny if { path /deny }
 http-request deny deny_status 429 if { path /many }
 http-request return status 200 content-type text/plain string "hello" hdr X-Server local if { path /return }
 http-request redirect location https://other.example%[path] code 302 if { path_beg /move }
 http-request set-header X-Path %[path,upper]
 http-request add-header X-More one if curl
 http-request del-header X-Secret
 http-request replace-header X-Name (.*)@(.*) \\2:\\1
 http-request set-path /new%[path] if { path_beg /old }
 http-response set-header X-Status %[status]
 http-response del-header X-Unwanted
 redirect prefix https://secure.example if { path_beg /prefix }
 use_backend admin if admin
 use_backend dead if { path /dead }
 use_backend patient if { path /silent }
 default_backend b
backend b
 server s1 127.0.0.1:${one}
 server s2 127.0.0.1:${two}
backend admin
 server s3 127.0.0.1:${three}
backend dead
 server gone 127.0.0.1:1
backend patient
 timeout server 500ms
 server s1 127.0.0.1:${one}
`;

const cases: readonly (readonly [string, string])[] = [
  ["the first server", closing("/")],
  ["the second server", closing("/")],
  ["a chosen backend", closing("/admin/x?y=1")],
  ["a refusal", closing("/deny")],
  ["a refusal with a status of its own", closing("/many")],
  ["an answer of its own", closing("/return")],
  ["a redirect", closing("/move/a")],
  ["a redirect by prefix", closing("/prefix/a?b=c")],
  ["headers added, removed and rewritten", closing("/h", "User-Agent: curl/8", "X-Secret: 1", "X-Name: a@b")],
  ["another path", closing("/old/a?q=1")],
  ["a chunked answer", closing("/chunked")],
  ["HTTP/1.0", "GET /ten HTTP/1.0\r\nHost: example.org\r\n\r\n"],
  ["a body", "POST /p HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"],
  ["an answer that isn't HTTP", closing("/junk")],
  ["a server that hangs up", closing("/nothing")],
  ["a server that is silent", closing("/silent")],
  ["a server that isn't there", closing("/dead")],
  ["a request that isn't HTTP", "nonsense\r\n\r\n"],
  ["two different lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
  ["a folded header", "GET / HTTP/1.1\r\nHost : x\r\n\r\n"],
  ["two requests on one connection", get("/k1") + closing("/k2")],
];

describe.skipIf(!HAS_HAPROXY)("rules, errors and log lines (needs haproxy)", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair(rules);
  }, START_LIMIT_MS);
  afterAll(async () => await pair.stop());

  /** The answer, and the lines about this client: one for each request, and they come when they come. */
  const visit = async (side: Side, bytes: string): Promise<{ answer: object; lines: readonly string[] }> => {
    const { text, from } = await exchangeFrom(side.port, bytes);
    const own = (): readonly string[] => side.lines.filter((line) => line.startsWith(`127.0.0.1:${from} `));
    const count = statusesOf(text).length;
    await until("the log", () => own().length >= Math.max(1, count), LOG_LIMIT_MS).catch(() => undefined);
    return { answer: comparable(text), lines: own().map(comparableLine) };
  };

  for (const [name, bytes] of cases) {
    test(name, async () => {
      const [theirs, ours] = await Promise.all([visit(pair.peer, bytes), visit(pair.ours, bytes)]);
      expect(ours).toEqual(theirs);
      expect(ours.lines).not.toEqual([]);
    });
  }
});

describe.skipIf(!HAS_HAPROXY)("the Prometheus exporter (needs haproxy)", () => {
  test(
    "has the names, labels and kinds of the peer's",
    async () => {
      const pair = await startPair(
        (port, log, [one]) => `${defaults(log)}
frontend f
 bind 127.0.0.1:${port}
 http-request use-service prometheus-exporter if { path /metrics }
 default_backend b
backend b
 server s1 127.0.0.1:${one} check inter 100ms
 server s2 127.0.0.1:1 disabled
`,
      );
      try {
        const read = async (port: number): Promise<string[]> => {
          const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
          return text.split("\n").map((line) => (line.startsWith("# TYPE") ? line : line.replace(/ [^ ]*$/, "")));
        };
        // They tell of checks when there has been one.
        const readWhole = async (port: number): Promise<readonly string[]> => {
          let lines: readonly string[] = [];
          await until("a check", async () => {
            lines = await read(port);
            return lines.some((line) => line.includes("check_duration"));
          });
          return lines;
        };
        const theirs = new Set(await readWhole(pair.peer.port));
        const ours = (await readWhole(pair.ours.port)).filter((line) => line !== "" && !line.startsWith("# HELP"));
        expect(ours.length).toBeGreaterThan(80);
        expect(ours.filter((line) => !theirs.has(line))).toEqual([]);
      } finally {
        await pair.stop();
      }
    },
    START_LIMIT_MS,
  );
});

/** One section for each line of the table, on these ports. */
const balancing = (ports: readonly number[]) => (probe: number, log: number, servers: readonly number[]) =>
  `${defaults(log)}${algorithms
    .map(
      ([, algorithm, more, server], index) => `listen l${index}
 bind 127.0.0.1:${ports[index]}
 balance ${algorithm}
 ${more}
${servers.map((one, place) => ` server s${place + 1} 127.0.0.1:${one} ${server.replaceAll("N", String(place + 1))}\n`).join("")}`,
    )
    .join("")}listen probe
 bind 127.0.0.1:${probe}
`;

// Not in the table because they differ still: the order within a round of weighted round robin (the shares are equal), and
// who gets a request without a key under consistent hashing.
const algorithms: readonly (readonly [string, string, string, string])[] = [
  ["roundrobin", "roundrobin", "", ""],
  ["static-rr", "static-rr", "", ""],
  ["source", "source", "", ""],
  ["uri", "uri", "", ""],
  ["uri with len", "uri len 5", "", ""],
  ["uri with depth", "uri depth 1", "", ""],
  ["url_param", "url_param user", "", ""],
  ["hdr", "hdr(X-Key)", "", ""],
  ["djb2", "uri", "hash-type map-based djb2", ""],
  ["first", "first", "", ""],
  ["consistent", "uri", "hash-type consistent", ""],
  ["consistent source", "source", "hash-type consistent", ""],
  ["consistent djb2", "hdr(X-Key)", "hash-type consistent djb2", ""],
  ["consistent wt6 avalanche", "uri", "hash-type consistent wt6 avalanche", ""],
  ["map wt6 avalanche", "uri", "hash-type map-based wt6 avalanche", ""],
  ["crc32", "uri", "hash-type map-based crc32", ""],
  ["consistent with weights", "uri", "hash-type consistent", "weight N0"],
  ["map with weights", "uri", "", "weight N0"],
  ["static-rr with weights", "static-rr", "", "weight N0"],
  ["inserted cookie", "roundrobin", "cookie SRV insert indirect nocache", "cookie cN"],
  ["inserted cookie, not indirect", "roundrobin", "cookie SRV insert", "cookie cN"],
  ["inserted cookie after POST only", "roundrobin", "cookie SRV insert postonly", "cookie cN"],
  [
    "inserted cookie with attributes",
    "roundrobin",
    "cookie SRV insert indirect httponly secure domain .x.y",
    "cookie cN",
  ],
  ["cookie with lifetime", "roundrobin", "cookie SRV insert indirect maxidle 30m maxlife 8h", "cookie cN"],
  ["prefixed cookie", "roundrobin", "cookie SRV prefix", "cookie cN"],
  ["preserved cookie", "roundrobin", "cookie SRV insert indirect preserve", "cookie cN"],
  ["rewritten cookie", "roundrobin", "cookie SRV rewrite", "cookie cN"],
];

describe.skipIf(!HAS_HAPROXY)("chosen servers (needs haproxy)", () => {
  const requests = Array.from({ length: 10 }, (_, index) => {
    const cookie =
      index % 3 === 0 ? [`Cookie: a=b; SRV=c${(index % 4) + 1}~x`] : index % 3 === 1 ? ["Cookie: SRV=c2"] : [];
    const path = index % 4 === 3 ? "/setcookie" : `/dir${index % 4}/page${index}?user=u${index}`;
    return closing(path, `X-Key: k${index}`, ...cookie);
  });
  let pair: Pair;
  let ports: readonly number[] = [];
  beforeAll(async () => {
    ports = await freePorts(2 * algorithms.length);
    const sides = [ports.slice(0, algorithms.length), ports.slice(algorithms.length)].values();
    pair = await startPair((...words) => balancing(sides.next().value ?? [])(...words));
  }, START_LIMIT_MS);
  afterAll(async () => await pair.stop());

  for (const [index, [name]] of algorithms.entries()) {
    test(name, async () => {
      const [peer = 0, ours = 0] = [ports[index], ports[algorithms.length + index]];
      for (const bytes of requests) {
        const theirs = comparable(await exchange(peer, bytes));
        expect(comparable(await exchange(ours, bytes))).toEqual(theirs);
      }
    });
  }
});
