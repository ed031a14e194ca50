/** `show info` and `show stat` beside HAProxy's: names, order, kinds, and values after the same visits. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { until } from "../../shared/lab/host.ts";
import { exchange, HAS_HAPROXY } from "./pair.ts";
import { type Running, startBalancer } from "./running.ts";
import { freePorts } from "../../shared/lab/free-port.ts";

interface Ports {
  readonly one: number;
  readonly two: number;
  readonly tcp: number;
  readonly server: number;
  readonly dead: number;
}

const configuration = ({ dead, one, server, tcp, two }: Ports): string => `global
 description some text
 node here
 nbthread 1
 maxconn 500
defaults
 mode http
 timeout client 20s
 timeout server 20s
 timeout connect 20s
 timeout check 20s
frontend f
 bind 127.0.0.1:${one} name one
 bind 127.0.0.1:${two} name two
 maxconn 100
 rate-limit sessions 1000
 http-request deny if { path /deny }
 http-request return status 200 if { path /own }
 tcp-request connection reject if { dst_port ${two} }
 use_backend tb if { path /t }
 default_backend b
listen l
 bind 127.0.0.1:${tcp}
 mode tcp
 fullconn 33
 server t1 127.0.0.1:${server} check inter 200ms weight 7
backend b
 cookie SRV insert
 compression algo gzip
 http-response deny if { res.hdr(x-refuse) yes }
 server s1 127.0.0.1:${server} check inter 200ms rise 3 fall 4 cookie a maxconn 20 pool-max-conn 9
 server s2 127.0.0.1:${dead} check inter 200ms backup fall 1
 server s3 127.0.0.1:${server} track b/s1 maxqueue 5
 server s4 127.0.0.1:${server} disabled
 server s5 127.0.0.1:${server} check inter 200ms agent-check agent-port ${dead} agent-inter 200ms observe layer7
backend tb
 balance leastconn
 option httpchk
 server x 127.0.0.1:${server} check inter 200ms
 server y 127.0.0.1:${dead} check inter 200ms weight 3
`;

/** Places, names and kinds that only the modules of HAProxy count: empty columns here. */
const NOT_COUNTED = /^\w\.\d+\.\d+\.\d+\.(ssl|h1|h2)_/;
/** Times, rates of moments, and bytes that each counts in its own way. */
const OWN_VALUES =
  /\.(lastchg|downtime|lastsess|[qcrt]time(_max)?|rate(_max)?|req_rate(_max)?|conn_rate(_max)?|bin|bout|comp_out|check_duration|agent_duration|addr|last_agt|need_conn_est|[su]\w+_cur|srv_icur|scur|smax|reuse|connect|pid)\./;

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");
/** `F.2.0.0.pxname.1:KNS:str` of `F.2.0.0.pxname.1:KNS:str:web`. */
const kindOf = (line: string): string => line.split(":").slice(0, 3).join(":");

const VISITS: readonly string[] = ["/", "/t", "/deny", "/own", "/refused", "/missing", "/", "/t"];

describe.skipIf(!HAS_HAPROXY)("statistics (needs haproxy)", () => {
  const sides: Running[] = [];
  let origin: Bun.Server<undefined>;
  const of = async (command: string): Promise<readonly [string, string]> => {
    const [theirs = "", ours = ""] = await Promise.all(sides.map((side) => side.ask(command)));
    return [theirs, ours];
  };

  beforeAll(async () => {
    origin = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) =>
        new Response("a text of the server", {
          status: url.endsWith("/missing") ? 404 : 200,
          headers: { "Content-Type": "text/plain", "X-Refuse": url.endsWith("/refused") ? "yes" : "no" },
        }),
    });
    const [dead = 0, ...ports] = await freePorts(7);
    for (const which of ["haproxy", "ha-lb"] as const) {
      const [one = 0, two = 0, tcp = 0] = ports.splice(0, 3);
      const server = origin.port ?? 0;
      const side = await startBalancer(which, configuration({ one, two, tcp, server, dead }));
      sides.push(side);
      const settled = /^tb,y,.*,DOWN,/m;
      await until(`${which} has looked at all servers`, async () => {
        const shown = await side.ask("show stat");
        return settled.test(shown) && !/,INI,/.test(shown) && shown.includes(",L7OK,") && /^b,s2,.*,DOWN,/m.test(shown);
      });
      for (const path of VISITS) {
        const coding = path === "/" ? "Accept-Encoding: gzip\r\n" : "";
        await exchange(one, `GET ${path} HTTP/1.1\r\nHost: a\r\n${coding}Connection: close\r\n\r\n`, 20_000);
      }
      await exchange(two, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 20_000);
      await exchange(tcp, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 20_000);
    }
  }, 60_000);
  afterAll(async () => {
    await Promise.all(sides.map((side) => side.stop()));
    await origin.stop(true);
  });

  test("show stat: the same columns in the same order", async () => {
    const [theirs, ours] = await of("show stat");
    expect(ours.split("\n")[0]).toBe(theirs.split("\n")[0] ?? "");
    const widths = lines(ours).map((line) => line.split(",").length);
    expect([...new Set(widths)]).toEqual([theirs.split("\n")[0]?.split(",").length ?? 0]);
  });

  test("show stat typed: the same rows with the same fields, of the same kinds", async () => {
    const [theirs, ours] = await of("show stat typed");
    const kinds = (text: string): readonly string[] =>
      lines(text)
        .filter((line) => !NOT_COUNTED.test(line))
        .map(kindOf);
    expect(kinds(ours)).toEqual([...kinds(theirs)]);
  });

  test("show stat: the same values, as far as they aren't of a moment", async () => {
    const values = (text: string): readonly string[] =>
      lines(text).filter((line) => !NOT_COUNTED.test(line) && !OWN_VALUES.test(line));
    const both = async (): Promise<readonly [readonly string[], readonly string[]]> => {
      const [theirs, ours] = await of("show stat typed");
      return [values(theirs), values(ours)];
    };
    // Sessions are counted when they end.
    await until("all is counted", async () => {
      const [theirs, ours] = await both();
      return Bun.deepEquals(theirs, ours);
    }).catch(() => undefined);
    const [theirs, ours] = await both();
    expect(ours).toEqual([...theirs]);
  }, 60_000);

  test("show stat json says what the typed form does", async () => {
    const [, typed] = await of("show stat typed");
    const [theirs, ours] = await of("show stat json");
    const [first] = JSON.parse(ours);
    expect(first[0]).toEqual(JSON.parse(theirs)[0][0]);
    expect(JSON.parse(ours).flat()).toHaveLength(lines(typed).length);
  });

  test("show info: the same lines in the same order, plain, typed and as JSON", async () => {
    const names = (text: string): readonly string[] => lines(text).map((line) => line.split(":")[0] ?? "");
    const [theirs, ours] = await of("show info");
    expect(names(ours)).toEqual([...names(theirs)]);
    const [theirTyped, ourTyped] = await of("show info typed");
    expect(lines(ourTyped).map(kindOf)).toEqual(lines(theirTyped).map(kindOf));
    const shapes = (text: string): unknown =>
      JSON.parse(text).map(({ value, ...rest }: { readonly value: { readonly type: string } }) => [rest, value.type]);
    const [theirJson, ourJson] = await of("show info json");
    expect(shapes(ourJson)).toEqual(shapes(theirJson));
  });

  test("show info: values that both must agree on", async () => {
    const [theirs, ours] = await of("show info");
    const shown = (text: string): readonly string[] =>
      lines(text).filter((line) => /^(Nb|Maxconn|Hard_|\w+RateLimit|node|desc|Stopping|Listeners|Process)/.test(line));
    expect(shown(ours)).toEqual([...shown(theirs)]);
    const number = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(ours)?.[1]);
    expect(number("CumConns")).toBe(VISITS.length + 2);
    expect(number("CumReq")).toBe(VISITS.length);
    expect(number("Pid")).toBe(sides[1]?.pid ?? 0);
    expect(number("TotalBytesOut")).toBeGreaterThan(500);
    expect(number("PoolAlloc_bytes")).toBeGreaterThan(1_000_000);
    expect(Math.abs(number("Start_time_sec") + number("Uptime_sec") - Date.now() / 1000)).toBeLessThan(60);
  });

  test("clear counters all begins anew", async () => {
    await of("clear counters all");
    const [theirs, ours] = await of("show stat typed");
    for (const name of ["stot", "req_tot", "dreq", "hrsp_2xx", "conn_tot"]) {
      const values = (text: string): readonly string[] => lines(text).filter((line) => line.includes(`.${name}.1:`));
      expect(values(ours)).toEqual([...values(theirs)]);
      expect(values(ours).every((line) => line.endsWith(":0"))).toBe(true);
    }
  });
});
