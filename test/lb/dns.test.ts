/** Names of servers: beside HAProxy while the zone changes, and alone while the name servers misbehave. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { until } from "../../shared/lab/host.ts";
import { type DnsMode, DnsServer } from "./dns-server.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange, HAS_HAPROXY } from "./pair.ts";
import { type Running, startBalancer } from "./running.ts";

const LIMIT_MS = 60_000;
/** How long a line may be on its way. */
const LOG_LIMIT_MS = 10_000;

const configuration = (dnsPort: number, port: number, serverPort: number, more = ""): string => `global
 log stdout format raw local0
defaults
 mode http
 log global
 timeout client 20s
 timeout server 20s
 timeout connect 20s
 default-server init-addr none resolvers names resolve-prefer ipv4
resolvers names
 nameserver ns1 127.0.0.1:${dnsPort}
 accepted_payload_size 4096
 timeout resolve 100ms
 timeout retry 500ms
 resolve_retries 2
 hold valid 100ms
 hold nx 10m
 hold refused 10m
 hold timeout 10m
 hold other 10m
listen web
 bind 127.0.0.1:${port}
 server s1 web.test:${serverPort}
${more}`;

const TEMPLATES = `backend two
 server a web.test:80
 server b web.test:80
backend dup
 default-server resolve-opts allow-dup-ip
 server a one.test:80
 server b one.test:80
backend net
 server a web.test:80 resolve-net 127.0.0.3/32
backend tpl
 server-template n 2-4 web.test:80
backend srv
 server-template n 3 _http._tcp.test
backend srvplain
 server-template n 2 _http._tcp.test resolve-opts ignore-weight
`;

/** Columns of `show servers state` that names decide: backend, server, address, admin state, weight, name, port, SRV name. */
async function seen(one: Running): Promise<string> {
  const lines = (await one.ask("show servers state")).split("\n").filter((line) => /^\d+ /.test(line));
  return lines
    .map((line) => {
      const words = line.split(" ");
      // Which of its servers gets which service is nobody's promise.
      if (words[1]?.startsWith("srv") === true) words[3] = "any";
      // HAProxy tells that a command gave the name only when something else about the server has changed.
      else words[6] = String(Number(words[6]) & ~64);
      return [1, 3, 4, 5, 6, 7, 17, 18, 19].map((column) => words[column]).join(" ");
    })
    .toSorted()
    .join("\n");
}

/** Lines of the log on names, without who was asked: a cache may have answered. */
const told = (one: Running): readonly string[] =>
  [
    ...new Set(
      one
        .lines()
        .filter((line) => !line.startsWith("[") && /changed its|resolves again|administratively|No IP/.test(line))
        .map((line) => line.replace(/ by .*/, "").replace(/\. \d+ active and.*/, ""))
        .map((line) => line.replace(/(srv\w*)\/n\d/, "$1/any")),
    ),
  ].toSorted();

describe.skipIf(!HAS_HAPROXY)("names of servers beside haproxy", () => {
  let dns: DnsServer;
  const both: Running[] = [];

  beforeAll(async () => {
    dns = await DnsServer.start();
    dns.zone.set("web.test A", ["127.0.0.2", "127.0.0.3"]);
    dns.zone.set("one.test A", ["127.0.0.7"]);
    dns.zone.set("n1.test A", ["127.0.0.4"]);
    dns.zone.set("n2.test A", ["127.0.0.5"]);
    dns.zone.set("n3.test A", ["127.0.0.6"]);
    dns.zone.set("_http._tcp.test SRV", ["1 512 8001 n1.test", "1 0 8002 n2.test"]);
    for (const which of ["haproxy", "ha-lb"] as const) {
      both.push(await startBalancer(which, configuration(dns.port, await freePort(), 80, TEMPLATES)));
    }
  });
  afterAll(async () => {
    await Promise.all(both.map((one) => one.stop()));
    dns.stop();
  });

  const [peer, ours] = [() => both[0], () => both[1]];
  /** Waits until both see the same, and `sign` in it. */
  const agree = async (sign: string): Promise<void> => {
    let states: readonly string[] = [];
    try {
      await until(
        sign,
        async () => {
          states = await Promise.all(both.map(seen));
          return states[0] === states[1] && states[0]?.includes(sign) === true;
        },
        LIMIT_MS,
      );
    } catch {
      expect(states[1]).toBe(states[0] ?? "");
      expect(states[1]).toContain(sign);
    }
  };

  test("servers, templates and services get the same addresses, ports, weights and states", async () => {
    await agree("srvplain any 127.0.0.5");
  });

  test("an address that leaves makes way; the one who had it follows", async () => {
    dns.zone.set("web.test A", ["127.0.0.3", "127.0.0.8"]);
    await agree("two a 127.0.0.8");
  });

  test("services come and go", async () => {
    dns.zone.set("_http._tcp.test SRV", ["1 0 8002 n2.test", "1 65535 8001 n1.test", "1 0 8004 n3.test"]);
    await agree("any 127.0.0.6");
  });

  test("the log says the same", async () => {
    const [one, other] = [peer(), ours()];
    if (one === undefined || other === undefined) throw new Error("not started");
    await until("the same lines", () => isDeepStrictEqual(told(other), told(one)), LOG_LIMIT_MS).catch(() => undefined);
    expect(told(other)).toEqual(told(one) as string[]);
  });

  test("a command gives servers other names", async () => {
    dns.zone.set("other.test A", ["127.0.0.9"]);
    for (const [command, answer] of [
      [
        "set server web/s1 fqdn other.test",
        "web/s1 changed its FQDN from web.test to other.test by 'stats socket command'",
      ],
      ["set server web/s1 fqdn other.test", "no need to change the FDQN by 'stats socket command'"],
      ["set server web/s1 fqdn a!b", "invalid fqdn 'a!b' by 'stats socket command'"],
      ["set server web/s1 fqdn", "set server <b>/<s> fqdn requires a FQDN."],
      ["set server srv/n1 fqdn other.test", "set server <b>/<s> fqdn failed because SRV resolution is configured."],
      ["set server two/b fqdn one.test", "two/b changed its FQDN from web.test to one.test by 'stats socket command'"],
    ] as const) {
      for (const one of both) expect((await one.ask(command)).trim()).toBe(answer);
    }
    await agree("web s1 127.0.0.9");
    await agree("two b 127.0.0.7");
  });

  test("show resolvers has the same words", async () => {
    const words = async (one: Running | undefined) =>
      (await one?.ask("show resolvers names"))?.replaceAll(/\d+$/gm, "N").trim();
    expect(await words(ours())).toBe((await words(peer())) ?? "");
  });
});

describe("names of servers while DNS misbehaves", () => {
  let dns: DnsServer;
  let one: Running;
  let port = 0;
  const servers: Server[] = [];

  beforeAll(async () => {
    const serverPort = await freePort();
    for (const host of ["127.0.0.2", "127.0.0.3"]) {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.on("data", () => void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${host.length}\r\n\r\n${host}`));
      });
      await new Promise<void>((resolve) => void server.listen(serverPort, host, resolve));
      servers.push(server);
    }
    dns = await DnsServer.start();
    dns.zone.set("web.test A", ["127.0.0.2"]);
    port = await freePort();
    one = await startBalancer("ha-lb", configuration(dns.port, port, serverPort));
    await until("the address", async () => (await get()) === "127.0.0.2", LIMIT_MS);
  });
  afterAll(async () => {
    await one.stop();
    dns.stop();
    for (const server of servers) server.close();
  });

  const get = async (): Promise<string> =>
    (await exchange(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).split("\r\n\r\n")[1] ?? "";

  const BAD: readonly DnsMode[] = ["silent", "nx", "refused", "fails", "junk", "lies"];
  test("no request fails, whatever the name server says; the last good address stays", async () => {
    const answers: Record<string, number> = {};
    for (const mode of BAD) {
      dns.mode = mode;
      const before = dns.asked;
      // Long enough for whole look-ups with all their retries.
      await until(
        mode,
        async () => {
          const answer = await get();
          answers[answer] = (answers[answer] ?? 0) + 1;
          return dns.asked >= before + 6;
        },
        LIMIT_MS,
      );
    }
    expect(Object.keys(answers)).toEqual(["127.0.0.2"]);
    expect(await one.ask("show servers state")).toContain("s1 127.0.0.2 2 0 ");
  });

  test("flapping: good and bad answers by turns change nothing", async () => {
    for (let turn = 0; turn < 12; turn += 1) {
      dns.mode = turn % 2 === 0 ? "nx" : "answers";
      const before = dns.asked;
      await until(
        "both modes",
        async () => {
          expect(await get()).toBe("127.0.0.2");
          return dns.asked >= before + 2;
        },
        LIMIT_MS,
      );
    }
  });

  test("an answer that doesn't fit is fetched over TCP, and a new address is taken", async () => {
    dns.mode = "truncates";
    dns.zone.set("web.test A", ["127.0.0.3"]);
    await until("the address", async () => (await get()) === "127.0.0.3", LIMIT_MS);
    expect(dns.askedOverTcp).toBeGreaterThan(0);
    dns.mode = "answers";
  });

  test("a reload keeps the address also while DNS is silent", async () => {
    dns.mode = "silent";
    process.kill(one.pid, "SIGHUP");
    await until("reload", () => one.lines().some((line) => line.includes("configuration reloaded")), LIMIT_MS);
    expect(await get()).toBe("127.0.0.3");
    dns.mode = "answers";
  });
});
