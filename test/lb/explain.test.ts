/** `ha-lb explain` beside what a running ha-lb and a running haproxy do with the same request. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { until } from "../../shared/lab/host.ts";
import { loadConfiguration } from "../../tools/ha-lb/commands/check-load.ts";
import { explainRequest } from "../../tools/ha-lb/commands/explain/explain.ts";
import type { Explanation } from "../../tools/ha-lb/commands/explain/report.ts";
import type { RequestWords } from "../../tools/ha-lb/commands/explain/request.ts";
import { ask } from "./ask.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange, HAS_HAPROXY } from "./pair.ts";

const MAIN = join(import.meta.dir, "..", "..", "tools/ha-lb/main.ts");
const folder = mkdtempSync(join(tmpdir(), "lb-explain-"));
const children: Bun.Subprocess[] = [];
const origins = new Map<string, { readonly server: Server; readonly port: number }>();

/** Says its name and the head that it got. */
async function origin(name: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const body = `server=${name}\n${data.toString("latin1")}`;
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  origins.set(name, { server, port });
  return port;
}

/** PORT is the listener; NAME@ the address of the server of that name. */
const CONFIGURATION = `global
 stats socket SOCKET level admin
defaults
 mode http
 timeout client 20s
 timeout server 20s
 timeout connect 20s
frontend web
 bind 127.0.0.1:PORT
 acl is_api path_beg /api /v2
 acl mobile hdr_sub(user-agent) -i phone
 acl admin path_dir admin
 http-request deny deny_status 429 if { hdr_cnt(x-many) ge 3 }
 http-request deny if admin !{ src 127.0.0.1 } or { path_end .php } mobile
 http-request return status 204 hdr X-Seen %[path] if { path /empty }
 http-request redirect location /new%[path] code 302 if { path_beg /old }
 http-request set-header X-Kind api if is_api
 http-request add-header X-From %[src]
 http-request set-path /inner%[path] if { path_beg /rewrite }
 http-request set-var(txn.tenant) hdr(x-tenant),lower
 http-request del-header x-secret
 use_backend hashed if { path_beg /h }
 use_backend tied if { path_beg /tied }
 use_backend ruled if is_api or { var(txn.tenant) -m str blue }
 use_backend %[hdr(x-backend)] if { hdr(x-backend) -m found }
 use_backend down if { path /down }
 default_backend first
backend hashed
 balance uri
 hash-type consistent
 server h1 h1@
 server h2 h2@ weight 3
 server h3 h3@ weight 20
backend tied
 cookie SRV insert indirect nocache
 server t1 t1@ cookie one
 server t2 t2@ cookie two
 server t3 t3@ cookie three disabled
backend ruled
 balance first
 use-server r2 if { hdr(x-want) two }
 http-request set-header X-Backend-Rule yes
 server r1 r1@
 server r2 r2@
backend first
 balance first
 server f1 f1@ disabled
 server f2 f2@
 server f3 f3@ backup
backend down
 server d1 d1@ disabled
backend mapped
 balance hdr(x-user)
 server m1 m1@
 server m2 m2@ weight 5
`;
const NAMES = [...CONFIGURATION.matchAll(/ (\w+)@/g)].map((found) => found[1] ?? "");

const REQUESTS: readonly (readonly [string, ...string[]])[] = [
  ["GET /"],
  ["GET /api/x"],
  ["GET /v2", "X-Want: two"],
  ["GET /index.php", "User-Agent: Some Phone"],
  ["GET /index.php"],
  ["GET /empty"],
  ["GET /old/page"],
  ["GET /rewrite/a?b=c"],
  ["GET /x", "X-Tenant: BLUE"],
  ["GET /x", "X-Tenant: red", "X-Secret: shh"],
  ["GET /x", "X-Many: 1", "X-Many: 2", "X-Many: 3"],
  ["GET /down"],
  ["GET /sub/admin/x"],
  ["POST /api/form"],
  ["GET /tied/a", "Cookie: SRV=one"],
  ["GET /tied/b", "Cookie: a=b; SRV=two"],
  ["GET /x", "X-Backend: tied", "Cookie: SRV=two"],
  ["GET /x", "X-Backend: nowhere"],
  ...["alice", "bob", "carol", "dave", "erin"].map(
    (user) => ["GET /x", "X-Backend: mapped", `X-User: ${user}`] as const,
  ),
  ...Array.from({ length: 20 }, (_, index) => [`GET /h/${index * 7}`] as const),
];

const explanationSchema = z.object({
  backend: z.object({ name: z.string(), by: z.string() }).optional(),
  steps: z.array(z.object({ line: z.number(), applied: z.boolean(), text: z.string(), outcome: z.string() })),
  servers: z.array(z.object({ server: z.string(), chosen: z.boolean(), why: z.string(), sessions: z.number() })),
  live: z.string(),
  result: z.object({ kind: z.string(), server: z.string().optional(), line: z.string(), headers: z.array(z.string()) }),
});

async function explain(...words: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const env = { ...process.env, FIVENINES_RUN_DIR: folder };
  const child = Bun.spawn([process.execPath, MAIN, "explain", ...words], { env, stdout: "pipe", stderr: "pipe" });
  const [text, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, text: text + error };
}

const ports = { ours: 0, peer: 0 };
const file = (label: string): string => join(folder, `${label}.cfg`);

beforeAll(async () => {
  for (const name of NAMES) if (!origins.has(name)) await origin(name);
  for (const label of ["ours", "peer"] as const) {
    ports[label] = await freePort();
    const text = CONFIGURATION.replace("PORT", String(ports[label]))
      .replace("SOCKET", join(folder, `${label}.sock`))
      .replaceAll(/ (\w+)@/g, (_, name: string) => ` 127.0.0.1:${origins.get(name)?.port ?? 0}`);
    writeFileSync(file(label), text);
    const command = label === "ours" ? [process.execPath, MAIN] : ["haproxy"];
    if (label === "peer" && !HAS_HAPROXY) continue;
    const env = { ...process.env, FIVENINES_RUN_DIR: folder };
    children.push(Bun.spawn([...command, "-db", "-f", file(label)], { env, stdout: "ignore", stderr: "ignore" }));
    await until(`${label} serves`, async () => (await ask(join(folder, `${label}.sock`), "show version")) !== "");
  }
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
  for (const { server } of origins.values()) server.close();
  rmSync(folder, { recursive: true });
});

/** What came of a request: the answer's status, who answered, and the head that it got. */
async function happened(port: number, line: string, headers: readonly string[]): Promise<readonly string[]> {
  const lines = [
    `${line} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...headers,
    ...(line.startsWith("POST") ? ["Content-Length: 0"] : []),
  ];
  const answer = await exchange(port, `${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`);
  const name = /^server=(\w+)/m.exec(answer)?.[1];
  const got = answer.slice(answer.indexOf("server=")).split(/\r?\n/).slice(1);
  return name === undefined ? [answer.split(" ")[1] ?? ""] : ["200", name, ...comparableHead(got)];
}

function comparableHead(lines: readonly string[]): readonly string[] {
  return lines
    .filter((line) => line !== "" && !/^(connection|host|content-length):/i.test(line))
    .map((line) => line.replace(/^[^:\s]+:/, (name) => name.toLowerCase()))
    .toSorted();
}

/** As the command does, in this process: there are many. */
function here(path: string, request: Pick<RequestWords, "words" | "headers">): Explanation | string {
  const { result, sources } = loadConfiguration({ paths: [path], environment: {} });
  if (!result.ok) throw new Error(`${path} is refused`);
  const whole = { ...request, cookies: [], source: "127.0.0.1", bind: undefined };
  return explainRequest({ configuration: result.value, sources, request: whole, views: undefined }, () => undefined);
}

describe("explain says what happens", () => {
  for (const [line, ...headers] of REQUESTS) {
    test([line, ...headers].join(" | "), async () => {
      const [method = "", path = ""] = line.split(" ");
      const address = `http://127.0.0.1:${ports.ours}${path}`;
      const explained = here(file("ours"), { words: [method, address], headers });
      if (typeof explained === "string") throw new Error(explained);
      const { result, servers } = explained;
      const said =
        result.kind === "forwarded"
          ? ["200", result.server ?? "", ...comparableHead([result.line, ...result.headers])]
          : [result.line.split(" ")[1] ?? ""];
      expect(said).toEqual([...(await happened(ports.ours, line, headers))]);
      if (HAS_HAPROXY) expect(said).toEqual([...(await happened(ports.peer, line, headers))]);
      expect(servers.filter(({ chosen }) => chosen).map(({ server }) => server)).toEqual(
        result.server === undefined ? [] : [result.server],
      );
      // Everybody has a reason.
      expect(servers.filter(({ why }) => why === "")).toEqual([]);
    });
  }
});

describe("explain in operation", () => {
  test("the servers are as the running balancer has them", async () => {
    const address = `http://127.0.0.1:${ports.ours}/`;
    const words = ["-f", file("ours"), address, "-o", "json"];
    const before = explanationSchema.parse(JSON.parse((await explain(...words)).text));
    expect(before.result.server).toBe("f2");
    expect(before.live).toContain("as they are now");
    await ask(join(folder, "ours.sock"), "enable server first/f1;disable server first/f2");
    const after = explanationSchema.parse(JSON.parse((await explain(...words)).text));
    expect(after.result.server).toBe("f1");
    expect(after.servers.find(({ server }) => server === "f2")?.why).toBe("in maintenance");
    const offline = explanationSchema.parse(JSON.parse((await explain(...words, "--offline")).text));
    expect(offline.result.server).toBe("f2");
    await ask(join(folder, "ours.sock"), "disable server first/f1;enable server first/f2");
  });

  test("as text: the sentence, the rules with their lines, the values, and the reasons", async () => {
    const { code, text } = await explain("-f", file("ours"), `http://127.0.0.1:${ports.ours}/api/x`);
    expect(code).toBe(0);
    expect(text).toContain("goes from frontend web to server ruled/r1.");
    expect(text).toMatch(
      /yes \S+:17 {2}http-request set-header X-Kind api if is_api\n\s+is_api holds \(path_beg is "\/api\/x"\)/,
    );
    expect(text).toContain("r2");
    expect(text).toContain("X-Kind: api");
  });

  test("what can't be explained is named, with what there is", async () => {
    const nowhere = await explain("-f", file("ours"), "http://127.0.0.1:1/");
    expect(nowhere.code).toBe(64);
    expect(nowhere.text).toContain(`web (127.0.0.1:${ports.ours})`);
    expect(here(file("ours"), { words: ["GET", "http://x/", "more"], headers: [] })).toContain("left over");
    expect(here(file("ours"), { words: ["http://x/"], headers: ["nonsense"] })).toContain("is no header");
    expect((await explain("-f", file("ours"), "http://x/", "--bind", "web")).code).toBe(0);
    writeFileSync(join(folder, "broken.cfg"), "frontend f\n bnid :1\n");
    expect((await explain("-f", join(folder, "broken.cfg"), "http://x/")).code).toBe(65);
  });

  test("the seeds' configurations", () => {
    const seeds = join(import.meta.dir, "..", "cases", "seed");
    const web = here(join(seeds, "haproxy-003.cfg"), { words: ["http://x/"], headers: [] });
    if (typeof web === "string") throw new Error(web);
    expect(web.result.kind).toBe("forwarded");
    expect(web.servers.filter(({ chosen }) => chosen)).toHaveLength(1);
  });
});
