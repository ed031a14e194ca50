/** Rules that look names up, and servers whose address is the one that rules choose: beside HAProxy. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { until } from "../../shared/lab/host.ts";
import { DnsServer } from "./dns-server.ts";
import { exchange, HAS_HAPROXY } from "./pair.ts";
import { type Running, startBalancer } from "./running.ts";
import { freePorts } from "../../shared/lab/free-port.ts";

const HOSTS = ["127.0.0.2", "127.0.0.3"];

interface Places {
  readonly dns: number;
  readonly server: number;
  readonly http: number;
  readonly tcp: number;
  readonly ownPort: number;
}

/** The manual's forwarding by name, and the same for plain bytes. */
const configuration = ({ dns, http, ownPort, server, tcp }: Places): string => `global
 log stdout format raw local0
defaults
 mode http
 log global
 timeout client 20s
 timeout server 20s
 timeout connect 5s
resolvers names
 nameserver ns1 127.0.0.1:${dns}
 accepted_payload_size 4096
 timeout retry 1s
 resolve_retries 5
 hold valid 60s
frontend web
 bind 127.0.0.1:${http}
 log-format "%[var(txn.ip)] %[dst] %[dst_port] %[fc_dst] %ST %ts %b/%s"
 http-request do-resolve(txn.ip,names,ipv4) hdr(Host),host_only unless { path /none }
 http-request set-header X-Address %[var(txn.ip)]
 use_backend unknown unless { var(txn.ip) -m found } or { path /none }
 default_backend anywhere
backend unknown
backend anywhere
 http-request deny if { var(txn.ip) -m ip 127.0.0.9 }
 http-request set-dst var(txn.ip)
 http-request set-dst-port int(${server}) unless { path /none }
 server clear 0.0.0.0:0
listen bytes
 mode tcp
 bind 127.0.0.1:${tcp}
 log-format "%[var(sess.ip)] %[dst] %[dst_port] %ts %b/%s"
 tcp-request inspect-delay 10s
 tcp-request content do-resolve(sess.ip,names,ipv4) req.payload(0,0),word(1,|) if { req.len gt 3 }
 tcp-request content reject if { req.len gt 3 } !{ var(sess.ip) -m found }
 tcp-request content set-dst var(sess.ip) if { req.len gt 3 }
 tcp-request content accept if { req.len gt 3 }
 server clear 0.0.0.0:${server}
listen back
 bind 127.0.0.1:${ownPort}
 http-request return status 200 hdr X-Server self
`;

const get = (host: string, path = "/"): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

/** Connections of HTTP are closed by the balancer; those of plain bytes stay open after their answer. */
const HTTP_QUIET_MS = 60_000;
const TCP_QUIET_MS = 6000;

const VISITS: readonly (readonly [string, string])[] = [
  ["a name", get("one.test")],
  ["its answer is known", get("one.test")],
  ["a name with a port, in other letters", get("OnE.TeSt:8080")],
  ["another name", get("two.test")],
  ["a name with IPv6 alone, when IPv4 is preferred", get("six.test")],
  ["a name that isn't there", get("none.test")],
  ["no name at all", get("a..b")],
  ["an address that rules refuse", get("evil.test")],
  ["two requests of one client to different servers", get("one.test").replace("close", "keep-alive") + get("two.test")],
];

const TCP_VISITS: readonly (readonly [string, string])[] = [
  ["a name", "one.test|\r\n"],
  ["another name", "two.test|\r\n"],
  ["a name that isn't there", "none.test|\r\n"],
];

const comparable = (text: string): string =>
  text
    .split("\r\n\r\n")
    .map((part) => (part.startsWith("HTTP") ? (/^HTTP\/1.1 (\d+)/.exec(part)?.[1] ?? "") : part))
    .join("|")
    .replace(/<html>[\s\S]*/, "")
    .toLowerCase();

describe.skipIf(!HAS_HAPROXY)("rules that look names up (needs haproxy)", () => {
  let dns: DnsServer;
  const servers: Server[] = [];
  const both: { readonly running: Running; readonly places: Places }[] = [];

  beforeAll(async () => {
    dns = await DnsServer.start();
    dns.zone.set("one.test A", ["127.0.0.2"]);
    dns.zone.set("two.test A", ["127.0.0.3"]);
    dns.zone.set("six.test AAAA", ["::1"]);
    dns.zone.set("evil.test A", ["127.0.0.9"]);
    const [server = 0, ...ports] = await freePorts(7);
    for (const host of [...HOSTS, "::1"]) {
      const one = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.on("data", (data) => {
          const address = /x-address: (\S*)/i.exec(data.toString("latin1"))?.[1];
          const body = `${host} for ${address}`;
          socket.write(`HTTP/1.1 200 OK\r\nX-Server: ${host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        });
      });
      await new Promise<void>((resolve) => {
        // A host without IPv6: neither side finds that server.
        one.on("error", () => resolve());
        one.listen(server, host, () => {
          servers.push(one);
          resolve();
        });
      });
    }
    for (const which of ["haproxy", "ha-lb"] as const) {
      const [http = 0, tcp = 0, ownPort = 0] = ports.splice(0, 3);
      const places = { dns: dns.port, server, http, tcp, ownPort };
      both.push({ running: await startBalancer(which, configuration(places)), places });
    }
  });
  afterAll(async () => {
    await Promise.all(both.map(({ running }) => running.stop()));
    dns.stop();
    for (const server of servers) server.close();
  });

  /** What both answer, and the line that both write about it. */
  const seen = async (
    which: "http" | "tcp",
    bytes: string,
    quietMs: number,
    count = 1,
  ): Promise<readonly (readonly string[])[]> =>
    await Promise.all(
      both.map(async ({ places, running }) => {
        const before = running.lines().length;
        const answer = comparable(await exchange(places[which], bytes, quietMs));
        await until("its lines", () => running.lines().length >= before + count);
        const lines = running.lines().slice(before);
        return [answer, ...lines].map((line) => line.replaceAll(String(places[which]), "PORT"));
      }),
    );

  for (const [name, bytes] of VISITS) {
    test(name, async () => {
      const [theirs, ours] = await seen("http", bytes, HTTP_QUIET_MS, bytes.match(/^GET /gm)?.length);
      expect(ours).toEqual(theirs ?? []);
    });
  }

  for (const [name, bytes] of TCP_VISITS) {
    test(`plain bytes: ${name}`, async () => {
      const [theirs, ours] = await seen("tcp", bytes, TCP_QUIET_MS);
      expect(ours).toEqual(theirs ?? []);
    });
  }

  test("a silent name server holds a client no longer than the tries, and others not at all", async () => {
    dns.mode = "silent";
    const [theirs, ours] = await seen("http", get("late.test"), HTTP_QUIET_MS);
    expect(ours).toEqual(theirs ?? []);
    dns.mode = "answers";
  });
});
