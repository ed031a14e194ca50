/** HTTP/2 to servers: HAProxy and ha-lb before a HAProxy and an nginx that speak it, with plain servers behind those. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { freePorts } from "../../shared/lab/free-port.ts";
import { comparable, exchange, HAS_HAPROXY, type Pair, startPair } from "./pair.ts";
import { play, type Script } from "./scenario/client.ts";
import { statusesOf } from "./scenario/run.ts";
import { startServer } from "./scenario/server.ts";
import { closing, get, sends } from "./scenario/words.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(180_000);
const LIMIT_MS = 60_000;

const HAS_NGINX = Bun.which("nginx") !== null;
const HAS_OPENSSL = Bun.which("openssl") !== null;

const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = `POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n`;
const LARGE = "x".repeat(600_000);

interface Visit {
  readonly name: string;
  readonly script: Script;
  /** Chunks of their own, or how a broken answer ends. */
  readonly onlyStatus?: true;
}

const VISITS: readonly Visit[] = [
  { name: "a request", script: sends(closing("/a?b=c", "X-One: 1", "X-One: 2", "Cookie: a=b; c=d", "Cookie: e=f")) },
  { name: "several on one connection", script: sends(get("/a"), get("/missing"), closing("/b")), onlyStatus: true },
  { name: "HEAD", script: sends("HEAD /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") },
  { name: "no content", script: sends(closing("/no-content")) },
  { name: "not modified", script: sends(closing("/not-modified")) },
  { name: "chunks", script: sends(closing("/chunked")), onlyStatus: true },
  { name: "until the end", script: sends(closing("/until-close")), onlyStatus: true },
  { name: "early hints", script: sends(closing("/early")), onlyStatus: true },
  { name: "a redirect", script: sends(closing("/location")) },
  { name: "fields twice", script: sends(closing("/secret")) },
  { name: "an error", script: sends(closing("/fault")) },
  { name: "a body", script: sends(post("/p", "hello")) },
  { name: "chunks in a request", script: sends(chunked), onlyStatus: true },
  { name: "a large body", script: sends(post("/p", LARGE)), onlyStatus: true },
  { name: "an answer that is cut", script: sends(closing("/cut")), onlyStatus: true },
  {
    name: "an absolute target",
    script: sends("GET http://a/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    onlyStatus: true,
  },
  { name: "HTTP/1.0", script: sends("GET /text HTTP/1.0\r\nHost: a\r\n\r\n") },
  { name: "no answer", script: sends(closing("/silent")), onlyStatus: true },
];

describe.skipIf(!HAS_HAPROXY || !HAS_NGINX || !HAS_OPENSSL)("HTTP/2 to servers (needs haproxy, nginx, openssl)", () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-h2-servers-"));
  const processes: Bun.Subprocess[] = [];
  let pair: Pair;
  let server: Server;
  let ports: readonly number[] = [];
  /** Ports of the ways, per side. */
  const WAYS = ["clear", "tls", "nginx", "chooses"];
  const way = (side: number, index: number): number => ports[4 + side * WAYS.length + index] ?? 0;

  beforeAll(async () => {
    ports = await freePorts(4 + 2 * WAYS.length);
    const [plain = 0, clear = 0, tls = 0, nginx = 0] = ports;
    server = await startServer("s1", plain);
    const key = ["-keyout", join(folder, "key"), "-out", join(folder, "crt"), "-subj", "/CN=a"];
    Bun.spawnSync(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", ...key]);
    Bun.spawnSync(["sh", "-c", `cat ${folder}/crt ${folder}/key > ${folder}/pem`]);
    const times = " timeout connect 60s\n timeout client 60s\n timeout server 60s\n";
    // Only who is never answered finds out how long it takes.
    const impatience = " http-request set-timeout server 700ms if { path /silent }\n";
    writeFileSync(
      join(folder, "origin.cfg"),
      `defaults\n mode http\n${times}listen o\n bind 127.0.0.1:${clear} proto h2\n bind 127.0.0.1:${tls} ssl crt ${folder}/pem alpn h2,http/1.1\n http-request return status 200 hdr X-From %[src_port] content-type text/plain string x if { path /share }\n server s1 127.0.0.1:${plain}\n`,
    );
    writeFileSync(
      join(folder, "nginx.conf"),
      `daemon off;\nuser root;\nworker_processes 1;\npid ${folder}/nginx.pid;\nerror_log ${folder}/error.log;\nevents {}\nhttp {
 access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
 client_max_body_size 10m; proxy_http_version 1.1;
 server { listen 127.0.0.1:${nginx} ssl http2; ssl_certificate ${folder}/crt; ssl_certificate_key ${folder}/key; location / { proxy_pass http://127.0.0.1:${plain}; } }
}\n`,
    );
    processes.push(
      Bun.spawn(["haproxy", "-db", "-f", join(folder, "origin.cfg")], { stdout: "ignore", stderr: "ignore" }),
      Bun.spawn(["nginx", "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")], {
        stdout: "ignore",
        stderr: "ignore",
      }),
    );
    let side = -1;
    const targets = [
      `127.0.0.1:${clear} proto h2`,
      `127.0.0.1:${tls} ssl verify none alpn h2`,
      `127.0.0.1:${nginx} ssl verify none alpn h2,http/1.1`,
      `127.0.0.1:${tls} ssl verify none alpn http/1.1`,
    ];
    pair = await startPair((port, log) => {
      side += 1;
      const sections = targets.map(
        (target, index) => `listen l${index}\n bind 127.0.0.1:${way(side, index)}\n${impatience} server s ${target}\n`,
      );
      return `global\n log 127.0.0.1:${log} local0\ndefaults\n mode http\n log global\n option httplog\n${times}${sections.join("")}listen probe\n bind 127.0.0.1:${port}\n`;
    });
    for (const index of WAYS.keys()) {
      await until("it answers", async () => (await exchange(way(1, index), closing("/up"))).includes(" 200 OK"));
    }
  });
  afterAll(async () => {
    await pair.stop();
    for (const one of processes) one.kill("SIGTERM");
    await Promise.all(processes.map((one) => one.exited));
    server.close();
    rmSync(folder, { recursive: true });
  });

  for (const [index, name] of WAYS.entries()) {
    test(`visits, ${name}`, async () => {
      for (const visit of VISITS) {
        const [theirs, ours] = await Promise.all([
          play(way(0, index), visit.script),
          play(way(1, index), visit.script),
        ]);
        // Each asks nginx in a second of its own.
        const undated = (text: string): string => text.replace(/^date: .*/gim, "date: NOW");
        const shown = (text: string): object =>
          visit.onlyStatus === true ? { statuses: statusesOf(text) } : comparable(undated(text));
        expect({ name: visit.name, answer: shown(ours) }).toEqual({ name: visit.name, answer: shown(theirs) });
      }
    });

    test(`many at once, ${name}`, async () => {
      const paths = Array.from({ length: 60 }, (_, count) => `/many-${count}`);
      const answers = await Promise.all(paths.map((path) => exchange(way(1, index), closing(path), LIMIT_MS)));
      for (const [count, answer] of answers.entries()) expect(answer).toContain(`GET /many-${count} HTTP/1.1`);
    });

    test(`a large answer, and bodies come back whole, ${name}`, async () => {
      const echo = await exchange(way(1, index), post("/p", LARGE), LIMIT_MS);
      expect(echo.split("x".repeat(600_000)).length).toBe(2);
      const huge = await Bun.fetch(`http://127.0.0.1:${way(1, index)}/huge`);
      expect((await huge.arrayBuffer()).byteLength).toBe(24 * 1024 * 1024);
    });
  }

  test("requests share a connection", async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => exchange(way(1, 0), closing("/share"), LIMIT_MS)),
    );
    const from = answers.map((answer) => /x-from: (\d+)/.exec(answer)?.[1]);
    expect(from).not.toContain(undefined);
    expect(new Set(from).size).toBe(1);
  });
});
