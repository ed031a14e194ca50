/** Two workers as one: limits, counts and stick tables hold over both, also when one of them is killed. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { DnsServer } from "./dns-server.ts";
import { freePorts } from "../../shared/lab/free-port.ts";
import { exchange as exchangeWithin } from "./pair.ts";
import { type Running, startBalancer } from "./running.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(240_000);
const LIMIT_MS = 60_000;

/** A server that answers after a while, and knows how many it had at once. */
class SlowServer {
  /** Connections whose request isn't answered yet. */
  readonly busy = new Set<Socket>();
  most = 0;
  port = 0;
  /** Answers wait for `release`. */
  holding = false;
  readonly held: Socket[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("close", () => this.busy.delete(socket));
      socket.on("data", (data) => {
        this.busy.add(socket);
        this.most = Math.max(this.most, this.busy.size);
        const status = String(data).startsWith("GET /fault ") ? "500 Fault" : "200 OK";
        const answer = (): void => {
          this.busy.delete(socket);
          socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok`);
        };
        if (this.holding) this.held.push(socket);
        else setTimeout(answer, 30);
      });
    });
  }
  async start(): Promise<void> {
    await new Promise<void>((resolve) => void this.server.listen(0, "127.0.0.1", resolve));
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.port = address.port;
  }
  stop(): void {
    this.server.close();
    for (const socket of this.held) socket.destroy();
  }
}

/** A worker that has just been started answers late: its share of the connections waits for it. */
const exchange = (port: number, bytes: string): Promise<string> => exchangeWithin(port, bytes, LIMIT_MS);
const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

/** A connection that stays; `closed` when the other end doesn't want it. */
function open(port: number, text = ""): Promise<{ socket: Socket; isClosed: () => boolean }> {
  return new Promise((resolve) => {
    let closed = false;
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(text);
      resolve({ socket, isClosed: () => closed });
    });
    socket.on("error", () => undefined);
    socket.on("data", () => undefined);
    socket.on("close", () => {
      closed = true;
      // Refused in the same moment: the runtime may not tell that it was connected.
      resolve({ socket, isClosed: () => closed });
    });
  });
}

describe("two workers", () => {
  const slow = new SlowServer();
  const other = new SlowServer();
  let dns: DnsServer;
  let one: Running;
  let ports: readonly number[] = [];
  const port = (index: number): number => ports[index] ?? 0;
  const folder = mkdtempSync(join(tmpdir(), "lb-workers-"));
  const mapFile = join(folder, "names.map");

  beforeAll(async () => {
    writeFileSync(mapFile, "k file\n");
    await slow.start();
    await other.start();
    dns = await DnsServer.start();
    dns.zone.set("web.test A", ["127.0.0.1"]);
    ports = await freePorts(6);
    one = await startBalancer(
      "ha-lb",
      `global
 nbthread 2
 log stdout format raw local0 notice
defaults
 mode http
 timeout client 60s
 timeout server 60s
 timeout connect 60s
 timeout queue 60s
 option redispatch
resolvers names
 nameserver ns1 127.0.0.1:${dns.port}
 timeout resolve 100ms
 timeout retry 500ms
listen named
 bind 127.0.0.1:${port(4)}
 server n1 web.test:${other.port} resolvers names resolve-prefer ipv4 init-addr none
listen watched
 bind 127.0.0.1:${port(5)}
 server w1 127.0.0.1:${other.port} check inter 1h rise 1000 observe layer7 error-limit 10 on-error mark-down
listen limited
 bind 127.0.0.1:${port(0)}
 server s1 127.0.0.1:${slow.port} maxconn 3
frontend few
 bind 127.0.0.1:${port(1)}
 maxconn 5
 http-request return status 200
listen balanced
 mode tcp
 balance leastconn
 bind 127.0.0.1:${port(2)}
 server s1 127.0.0.1:${slow.port}
 server s2 127.0.0.1:${other.port}
listen tables
 bind 127.0.0.1:${port(3)}
 stick-table type string len 20 size 1k expire 1h store http_req_cnt,http_req_rate(1h),conn_cur,gpc0
 http-request track-sc0 path
 http-request deny if { path /limited } { sc_http_req_rate(0) gt 20 }
 http-request return status 200 hdr X-Map %[str(k),map(${"MAP"},none)] hdr X-Count %[sc_http_req_cnt(0)] if !{ path /hold }
 server s1 127.0.0.1:${slow.port}
`.replace("MAP", mapFile),
    );
    // The command socket answers before the first worker listens.
    await serve();
  });
  afterAll(async () => {
    await one?.stop();
    slow.stop();
    other.stop();
    dns.stop();
    rmSync(folder, { recursive: true });
  });

  /** Enough connections that both have answered some. */
  async function serve(): Promise<void> {
    await until("they serve", async () => statuses(await many(port(3), "/up")).join(",") === "200", LIMIT_MS);
  }

  const workers = (): readonly number[] =>
    readFileSync(`/proc/${one.pid}/task/${one.pid}/children`, "utf8")
      .split(" ")
      .filter((text) => text !== "")
      .map(Number);
  /** Kills all workers and waits for their successors. */
  const killWorkers = async (): Promise<void> => {
    const before = workers();
    expect(before.length).toBe(2);
    for (const pid of before) process.kill(pid, "SIGKILL");
    await until(
      "new workers",
      () => workers().length === 2 && workers().every((pid) => !before.includes(pid)),
      LIMIT_MS,
    );
    await serve();
  };
  /** A column of `show stat` of one server. */
  const stat = async (proxy: string, name: string, column: string): Promise<number> => {
    const [head = "", ...lines] = (await one.ask("show stat")).split("\n");
    const line = lines.find((text) => text.startsWith(`${proxy},${name},`));
    return Number(line?.split(",")[head.replace("# ", "").split(",").indexOf(column)]);
  };

  test("a server's maxconn is never exceeded, and nobody waits for ever", async () => {
    slow.most = 0;
    const answers = await Promise.all(Array.from({ length: 40 }, () => exchange(port(0), request("/"))));
    expect(answers.every((answer) => answer.startsWith("HTTP/1.1 200"))).toBe(true);
    expect(slow.most).toBe(3);
  });

  test("waiting requests of both workers get their turn while others keep coming", async () => {
    slow.most = 0;
    let answered = 0;
    const passed: number[] = [];
    const client = async (): Promise<void> => {
      while (answered < 150) {
        const before = answered;
        expect(await exchange(port(0), request("/"))).toStartWith("HTTP/1.1 200");
        passed.push(answered - before);
        answered += 1;
      }
    };
    await Promise.all(Array.from({ length: 12 }, client));
    expect(slow.most).toBe(3);
    // 12 clients take their turns: while one waits, the others don't pass it again and again.
    expect(Math.max(...passed)).toBeLessThan(75);
  });

  test("a frontend's maxconn counts the connections of both", async () => {
    const kept = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const answered = new Set<Socket>();
    const all = await Promise.all(Array.from({ length: 16 }, () => open(port(1))));
    for (const { socket } of all) {
      socket.on("data", () => answered.add(socket));
      socket.write(kept);
    }
    // The others wait, unread, until one of the five leaves.
    await until("five are served", () => answered.size >= 5, LIMIT_MS);
    await Bun.sleep(150);
    expect(answered.size).toBe(5);
    for (const socket of answered) socket.destroy();
    await until("who waited is served", () => answered.size >= 10, LIMIT_MS);
    for (const { socket } of all) socket.destroy();
    await until("room again", async () => (await exchange(port(1), request("/"))).startsWith("HTTP/1.1 200"));
  });

  test("leastconn knows what both workers do", async () => {
    const counts = { slow: 0, other: 0 };
    slow.holding = true;
    other.holding = true;
    const sockets: Socket[] = [];
    for (let count = 0; count < 20; count += 1) {
      const before = slow.held.length + other.held.length;
      sockets.push((await open(port(2), "x")).socket);
      await until("it arrives", () => slow.held.length + other.held.length > before, LIMIT_MS);
      counts.slow = slow.held.length;
      counts.other = other.held.length;
      expect(Math.abs(counts.slow - counts.other)).toBeLessThanOrEqual(1);
    }
    for (const socket of sockets) socket.destroy();
    slow.holding = false;
    other.holding = false;
    slow.held.length = 0;
    other.held.length = 0;
  });

  test("a rate limit is one limit, and the table one table", async () => {
    let allowed = 0;
    for (let round = 0; round < 12; round += 1) {
      const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(port(3), request("/limited"))));
      allowed += answers.filter((answer) => answer.startsWith("HTTP/1.1 200")).length;
      const counted = `http_req_cnt=${(round + 1) * 5} `;
      await until("it is told on", async () => (await one.ask("show table tables")).includes(counted), LIMIT_MS);
    }
    // Requests in the same moment may not know of each other yet.
    expect(allowed).toBeGreaterThanOrEqual(20);
    expect(allowed).toBeLessThanOrEqual(25);
    expect(await one.ask("show table tables")).toMatch(/key=\/limited .*http_req_rate\(3600000\)=60/);
  });

  test("workers that are killed leave no counts, and their successors know maps and tables", async () => {
    for (const command of [`set map ${mapFile} k changed`, `add map ${mapFile} other value`]) await one.ask(command);
    slow.holding = true;
    const held = await Promise.all(Array.from({ length: 3 }, () => open(port(0), request("/"))));
    const tracked = await Promise.all(Array.from({ length: 4 }, () => open(port(3), request("/hold"))));
    await until("all places are taken", () => slow.held.length === 7, LIMIT_MS);
    await until("counted", async () => (await stat("limited", "s1", "scur")) === 3, LIMIT_MS);
    await until("in the table", async () => (await one.ask("show table tables")).includes("conn_cur=4"), LIMIT_MS);
    await killWorkers();
    slow.holding = false;
    slow.held.length = 0;
    await until("their connections are gone", () => slow.busy.size === 0, LIMIT_MS);
    slow.most = 0;
    const answers = await Promise.all(Array.from({ length: 9 }, () => exchange(port(0), request("/"))));
    expect(answers.every((answer) => answer.startsWith("HTTP/1.1 200"))).toBe(true);
    expect(slow.most).toBeLessThanOrEqual(3);
    for (const { socket } of [...held, ...tracked]) socket.destroy();
    const tables = async (): Promise<string> => await one.ask("show table tables");
    await until("none is counted", async () => /key=\/hold .*conn_cur=0/.test(await tables()), LIMIT_MS);
    for (let count = 0; count < 8; count += 1) {
      const answer = await exchange(port(3), request("/map"));
      expect(answer).toContain("changed");
      expect(await exchange(port(3), request("/limited"))).toStartWith("HTTP/1.1 403");
    }
  });

  /** Enough connections that both workers get some. */
  const many = (to: number, path: string): Promise<readonly string[]> =>
    Promise.all(Array.from({ length: 24 }, () => exchange(to, request(path))));
  const statuses = (answers: readonly string[]): readonly string[] => [
    ...new Set(answers.map((answer) => answer.split(" ")[1] ?? "")),
  ];

  test("addresses that the master finds are in force in both workers, and in those that come later", async () => {
    await until("an address", async () => statuses(await many(port(4), "/")).join(",") === "200", LIMIT_MS);
    await killWorkers();
    dns.mode = "silent";
    expect(statuses(await many(port(4), "/"))).toEqual(["200"]);
    dns.mode = "answers";
  });

  test("faults that workers see take a server out of all", async () => {
    expect(statuses(await many(port(5), "/"))).toEqual(["200"]);
    await many(port(5), "/fault");
    await until(
      "it is down",
      async () => (await one.ask("show servers state watched")).includes("w1 127.0.0.1 0 "),
      LIMIT_MS,
    );
    await until("everywhere", async () => statuses(await many(port(5), "/")).join(",") === "503", LIMIT_MS);
    await until("the log says why", () => one.lines().some((line) => line.includes("Health analyze")), LIMIT_MS);
  });

  test("a reload keeps tables, and limits hold after it", async () => {
    process.kill(one.pid, "SIGHUP");
    await until("reloaded", () => one.lines().some((line) => line.includes("configuration reloaded")), LIMIT_MS);
    await until("in the workers", async () => (await exchange(port(3), request("/map"))).includes("file"), LIMIT_MS);
    expect(await exchange(port(3), request("/limited"))).toStartWith("HTTP/1.1 403");
    slow.most = 0;
    await Promise.all(Array.from({ length: 20 }, () => exchange(port(0), request("/"))));
    expect(slow.most).toBe(3);
  });
});
