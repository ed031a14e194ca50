/** The command socket beside HAProxy's: the same commands in the same order, the same answers; and the same under workers. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { connect } from "node:tls";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { ask } from "./ask.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange, HAS_HAPROXY } from "./pair.ts";

const ROOT = join(import.meta.dir, "..", "..");
const HA_LB = [process.execPath, join(ROOT, "tools/ha-lb/main.ts"), "-db", "-f"];

const configuration = (folder: string, label: string, port: number, threads: number): string => `global
 nbthread ${threads}
 stats socket ${folder}/${label}.sock level admin
 stats socket ${folder}/${label}-user.sock level user
defaults
 mode http
 timeout client 20s
 timeout server 20s
 timeout connect 20s
frontend f
 bind 127.0.0.1:${port}
 acl x path -f ${folder}/list.lst
 bind 127.0.0.1:TLS ssl crt ${folder}/site.pem
 http-request return status 200 hdr X-Map %[path,map(${folder}/m.map,none)] if { path_beg /m }
 http-request deny if x
 http-request deny if { srv_is_up(b/named) } { path /never }
 use_backend t if { path_beg /over-tls }
 default_backend b
backend t
 default-server ssl verify none
 http-request set-path /m
 server self 127.0.0.1:TLS
 server off 127.0.0.1:TLS no-ssl disabled
backend b
 stick-table type ip size 10 expire 10s store http_fail_cnt,http_req_rate(10s),gpc0
 cookie SRV insert
 server s1 127.0.0.1:1 weight 10 cookie a
 server s2 127.0.0.1:2 backup
 server named 127.0.0.1:3 disabled
backend checked
 server c1 127.0.0.1:1 check inter 60s
`;

/** In this order: later ones see what earlier ones did. */
const COMMANDS: readonly string[] = [
  "show backend",
  "show table",
  "show table b",
  "show table none",
  "show map FOLDER/m.map",
  "show map none",
  "show acl FOLDER/list.lst",
  "add acl FOLDER/list.lst a\\ b\\;\\\\c",
  "get acl FOLDER/list.lst a\\ b\\;\\\\c",
  "del acl FOLDER/list.lst a\\ b\\;\\\\c",
  "get weight b/s1",
  "get weight b/none",
  "get weight none/s1",
  "set weight b/s1 50%",
  "get weight b/s1",
  "set weight b/s1 500",
  "set weight b/s1 x",
  "set server b/s1 state drain",
  "set server b/s1 state bogus",
  "set server b/s1 state ready",
  "set server b/s1 health up",
  "del server b/named",
  "disable server b/none",
  "disable server b",
  "disable server b/s1",
  "enable server b/s1",
  "set maxconn server b/s1 5",
  "set maxconn frontend f 50",
  "set maxconn frontend none 50",
  "set maxconn global 100",
  "clear counters",
  "clear counters all",
  "clear table b",
  "clear table none",
  "get map FOLDER/m.map a",
  "get map FOLDER/m.map zz",
  "get acl FOLDER/list.lst /x",
  "add map FOLDER/m.map c three",
  "del map FOLDER/m.map zz",
  "set map FOLDER/m.map a uno",
  "show map FOLDER/m.map",
  "add map none a b",
  "add acl FOLDER/list.lst /z",
  "del acl FOLDER/list.lst /q",
  "show acl FOLDER/list.lst",
  "add map FOLDER/m.map <<\nq four\nr five\n",
  "show map FOLDER/m.map;get weight b/s1",
  "del map FOLDER/m.map q",
  "clear map FOLDER/m.map",
  "show map FOLDER/m.map",
  "set table b key 1.2.3.4 data.gpc0 5",
  "show table b",
  "clear table b key 1.2.3.4",
  "show table b",
  "show cli level",
  "shutdown sessions server b/s1",
  "add server b/s3 127.0.0.1:3 weight 5",
  "add server b/s3 127.0.0.1:3",
  "add server b/quoted 127.0.0.1:9 agent-check agent-port 9 agent-send 'hello'",
  "del server b/quoted",
  "add server b",
  "add server none/x 1.1.1.1:1",
  "add server b/s4 127.0.0.1:9 bogusword",
  "add server b/s4",
  "add server b/f1 127.0.0.1:9 track checked/c1",
  "get weight b/f1",
  "enable server b/f1",
  "del server checked/c1",
  "disable server b/f1",
  "del server b/f1",
  "add server b/f2 127.0.0.1:9 track none/c1",
  "add server b/f2 127.0.0.1:9 track checked/none",
  "add server b/f2 127.0.0.1:9 track s1",
  "add server b/f2 127.0.0.1:9 check track checked/c1",
  "add server b/f2 127.0.0.1:9 track",
  "get weight b/s3",
  "enable server b/s3",
  "del server b/s3",
  "disable server b/s3",
  "del server b/s3",
  "del server b/s3",
  "del server b/s1",
  "del server b/zz",
  "del server none/zz",
  "disable frontend f",
  "disable frontend f",
  "enable frontend f",
  "enable frontend f",
  "disable frontend zz",
  "shutdown frontend zz",
  "disable health b/s1",
  "enable agent b/s1",
  "disable agent b/s1",
  "set server b/s1 agent up",
  "set server b/s1 check-port 99",
  "set server b/s1 fqdn foo",
  "set server b/s1 ssl on",
  "set server t/self ssl",
  "set server t/self ssl maybe",
  "set server t/self ssl off",
  "set server t/self ssl on",
  "set server t/off ssl on",
  "set server t/off ssl off",
  "set server b/s1 bogus",
  "set server b/s1 agent-addr 1.1.1.1",
  "set server b/s1 agent-send foo",
  "set server b/s1 agent-port 1",
  "set server b/s1 addr 127.0.0.5 port 99",
  "set server b/s1 addr 127.0.0.5 port 99",
  "prepare map FOLDER/m.map",
  "add map @1 FOLDER/m.map k v",
  "add map @1 FOLDER/m.map <<\nq four\nr five\n",
  "show map @1 FOLDER/m.map",
  "show map FOLDER/m.map",
  "commit map @1 FOLDER/m.map",
  "show map FOLDER/m.map",
  "commit map @9 FOLDER/m.map",
  "prepare map nonsense",
  "prepare acl FOLDER/list.lst",
  "add acl @1 FOLDER/list.lst /other",
  "commit acl @1 FOLDER/list.lst",
  "show acl FOLDER/list.lst",
  "set table b key 1.2.3.4 data.gpc0 5",
  "set table b key 1.2.3.5 data.gpc0 9",
  "show table b data.gpc0 gt 6",
  "show table b data.gpc0 zz 6",
  "show table b data.foo gt 6",
  "show table b key 1.2.3.4",
  "clear table b data.gpc0 gt 6",
  "show table b",
  "show ssl cert",
  "set ssl cert /none <<\nxx\n",
  "set ssl cert FOLDER/site.pem <<\nxx\n",
  "commit ssl cert FOLDER/site.pem",
  "abort ssl cert FOLDER/site.pem",
  "new ssl cert FOLDER/new.pem",
  "new ssl cert FOLDER/new.pem",
  "show ssl cert FOLDER/new.pem",
  "del ssl cert FOLDER/new.pem",
  "del ssl cert FOLDER/new.pem",
  "del ssl cert FOLDER/site.pem",
  "set ssl cert FOLDER/site.pem <<\nPEM\n",
  "set ssl cert FOLDER/site.pem <<\nPEM\n",
  "show ssl cert",
  "commit ssl cert FOLDER/site.pem",
  "show ssl cert",
  "show sess 0x1",
  "shutdown session 0x1",
  "show env HOME",
  "show env NOT_THERE",
  "set timeout cli 5",
  "set timeout cli x",
  "set timeout foo",
  "user;show cli level",
  "operator;show cli level;set weight b/s1 3",
  "quit",
];

const START_LIMIT_MS = 90_000;

/** The name in the certificate that a listener shows. */
async function certificateName(port: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
    const { subject } = socket.getPeerCertificate();
    resolve(String(subject?.CN ?? ""));
    socket.destroy();
  });
  socket.on("error", () => resolve(""));
  socket.on("close", () => resolve(""));
  return await promise;
}

async function isServed(port: number): Promise<boolean> {
  const answer = await exchange(port, "GET /m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").catch(() => "");
  return answer.startsWith("HTTP/1.1");
}

const comparable = (text: string): string =>
  text
    .replace(/0x[\da-f]+/g, "0xID")
    .replace(/exp=\d+/g, "exp=N")
    .trimEnd();

/** Columns and values of one line of `show stat`, without those that only one side has. */
function columnsOf(csv: string, name: string): ReadonlyMap<string, string> {
  const [head = "", ...lines] = csv.split("\n");
  const names = head.replace("# ", "").split(",");
  const values = lines.find((line) => line.startsWith(`b,${name},`))?.split(",") ?? [];
  return new Map(names.map((column, index) => [column, values[index] ?? ""]));
}

describe.skipIf(!HAS_HAPROXY)("the command socket (needs haproxy)", () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-cli-"));
  const children: Bun.Subprocess[] = [];
  const ports = { peer: 0, ours: 0, two: 0 };
  const tlsPorts = { peer: 0, ours: 0, two: 0 };
  const socket = (label: string): string => join(folder, `${label}.sock`);

  beforeAll(async () => {
    writeFileSync(join(folder, "list.lst"), "/x\n/y\n");
    for (const name of ["site", "other"]) {
      const words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", `/CN=${name}`];
      Bun.spawnSync(["openssl", ...words, "-keyout", join(folder, "key"), "-out", join(folder, "cert")]);
      Bun.spawnSync(["sh", "-c", `cat ${folder}/cert ${folder}/key > ${folder}/${name}.pem`]);
    }
    for (const [label, command, threads] of [
      ["peer", ["haproxy", "-db", "-f"], 1],
      ["ours", HA_LB, 1],
      ["two", HA_LB, 2],
    ] as const) {
      writeFileSync(join(folder, "m.map"), "a one\nb two\n");
      ports[label] = await freePort();
      const file = join(folder, `${label}.cfg`);
      const text = configuration(folder, label, ports[label], threads);
      tlsPorts[label] = await freePort();
      writeFileSync(file, text.replaceAll("TLS", String(tlsPorts[label])));
      const env = { ...process.env, FIVENINES_RUN_DIR: join(folder, label) };
      children.push(Bun.spawn([...command, file], { stdout: "ignore", stderr: "ignore", env }));
      await until(`${label} answers`, async () => (await ask(socket(label), "show backend")).includes("# name"));
      // Workers may need longer than their master.
      await until(`${label} serves`, async () => await isServed(ports[label]), START_LIMIT_MS);
    }
  }, 240_000);
  afterAll(async () => {
    for (const child of children) child.kill("SIGTERM");
    await Promise.all(children.map((child) => child.exited));
    rmSync(folder, { recursive: true });
  });

  for (const command of COMMANDS) {
    test(JSON.stringify(command), async () => {
      const other = command.includes("PEM") ? readFileSync(join(folder, "other.pem"), "utf8") : "";
      const text = command.replaceAll("FOLDER", folder).replace("PEM\n", other);
      const theirs = comparable(await ask(socket("peer"), text));
      expect(comparable(await ask(socket("ours"), text))).toBe(theirs);
    });
  }

  test("lines of show stat, as far as both have the column", async () => {
    const theirs = columnsOf(await ask(socket("peer"), "show stat"), "s1");
    const ours = columnsOf(await ask(socket("ours"), "show stat"), "s1");
    for (const column of [
      "pxname",
      "svname",
      "status",
      "weight",
      "act",
      "bck",
      "iid",
      "sid",
      "addr",
      "cookie",
      "mode",
    ]) {
      expect([column, ours.get(column)]).toEqual([column, theirs.get(column)]);
    }
    const filtered = await ask(socket("ours"), "show stat b 4 2");
    expect(filtered.match(/^b,/gm)).toHaveLength(1);
    expect(filtered).toContain("b,s2,");
  });

  test("the typed form: names, kinds and places that the peer has, too", async () => {
    const kinds = (text: string): Set<string> =>
      new Set(text.split("\n").flatMap((line) => /^S\.\d+\.\d+\.(\d+\.\w+\.1:\w+:\w+):/.exec(line)?.[1] ?? []));
    const theirs = kinds(await ask(socket("peer"), "show stat typed"));
    const ours = [...kinds(await ask(socket("ours"), "show stat typed"))];
    expect(ours.length).toBeGreaterThan(25);
    expect(ours.filter((one) => !theirs.has(one) && !/chk|check|downtime/.test(one))).toEqual([]);
    const [first] = JSON.parse(await ask(socket("ours"), "show stat json"));
    expect(first[0]).toEqual(JSON.parse(await ask(socket("peer"), "show stat json"))[0][0]);
  });

  for (const label of ["ours", "two"] as const) {
    test(`${label}: a certificate is swapped while clients come, and a frontend refuses until it is enabled`, async () => {
      const pem = (name: string): string => readFileSync(join(folder, `${name}.pem`), "utf8");
      const swapTo = async (name: string): Promise<void> => {
        const answer = await ask(socket(label), `set ssl cert ${folder}/site.pem <<\n${pem(name)}`);
        expect(answer).toContain("Transaction created");
        expect(await ask(socket(label), `commit ssl cert ${folder}/site.pem`)).toContain("Success!");
        // Each worker by itself: several connections in a row get the new one.
        let inRow = 0;
        await until("all see it", async () => {
          inRow = (await certificateName(tlsPorts[label])) === name ? inRow + 1 : 0;
          return inRow >= 6;
        });
      };
      await swapTo("other");
      await swapTo("site");
      const mismatched = `${pem("other").split("-----BEGIN PRIVATE")[0]}-----BEGIN PRIVATE${pem("site").split("-----BEGIN PRIVATE")[1]}`;
      await ask(socket(label), `set ssl cert ${folder}/site.pem <<\n${mismatched}`);
      expect(await ask(socket(label), `commit ssl cert ${folder}/site.pem`)).toContain("Can't commit");
      expect(await certificateName(tlsPorts[label])).toBe("site");
      await ask(socket(label), `abort ssl cert ${folder}/site.pem`);

      await ask(socket(label), "disable frontend f");
      expect(await ask(socket(label), "show stat f 1 -1")).toContain("STOP");
      await until("it refuses", async () => !(await isServed(ports[label])));
      await ask(socket(label), "enable frontend f");
      await until("it serves", async () => await isServed(ports[label]));
    });
  }

  test("requests go to a server over TLS or not, as commands want it", async () => {
    const get = "GET /over-tls HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for (const label of ["peer", "ours", "two"] as const) {
      // Each worker by itself: several requests in a row have the same outcome.
      const untilServed = async (wanted: boolean): Promise<void> => {
        let inRow = 0;
        await until(`${label} serves: ${wanted}`, async () => {
          const served = (await exchange(ports[label], get)).startsWith("HTTP/1.1 200");
          inRow = served === wanted ? inRow + 1 : 0;
          return inRow >= 6;
        });
      };
      const column = async (): Promise<string | undefined> =>
        (await ask(socket(label), "show servers state t"))
          .split("\n")
          .find((line) => line.includes(" self "))
          ?.split(" ")[20];
      await untilServed(true);
      expect(await column()).toBe("1");
      await ask(socket(label), "set server t/self ssl off");
      await untilServed(false);
      expect(await column()).toBe("0");
      await ask(socket(label), "set server t/self ssl on");
      await untilServed(true);
    }
  });

  test("a server added at run time takes traffic, a deleted one doesn't", async () => {
    const origin = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("dynamic") });
    const get = "GET /dynamic HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for (const label of ["ours", "two"] as const) {
      const path = socket(label);
      await ask(path, `disable server b/s1;disable server b/s2;add server b/new 127.0.0.1:${origin.port}`);
      await ask(path, "enable server b/new");
      await until("it is used", async () => (await exchange(ports[label], get)).includes("dynamic"));
      if (label === "two") {
        // A worker that takes another's place knows the server, too.
        const master = children.at(-1)?.pid ?? 0;
        const workers = (): readonly string[] =>
          readFileSync(`/proc/${master}/task/${master}/children`, "utf8").trim().split(" ");
        const before = workers();
        process.kill(Number(before[0]), "SIGKILL");
        await until("another worker is there", () => workers().length === 2 && workers().join() !== before.join());
        for (let round = 0; round < 10; round += 1)
          await until("it is used", async () => (await exchange(ports[label], get)).includes("dynamic"));
      }
      expect(await ask(path, "del server b/new")).toContain("maintenance");
      await ask(path, "disable server b/new");
      // Its last session may be about to end.
      await until("it is deleted", async () => (await ask(path, "del server b/new")).includes("Server deleted."));
      await until("it isn't used", async () => (await exchange(ports[label], get)).startsWith("HTTP/1.1 503"));
      await ask(path, "enable server b/s1;enable server b/s2");
    }
    await origin.stop(true);
  });

  test("a server that is added may follow another one, in all workers", async () => {
    const statusOf = async (path: string): Promise<string> =>
      columnsOf(await ask(path, "show stat"), "follower").get("status") ?? "";
    for (const label of ["peer", "ours", "two"] as const) {
      const path = socket(label);
      await ask(path, "add server b/follower 127.0.0.1:9 track checked/c1");
      await ask(path, "enable server b/follower");
      // Nobody listens where that one is.
      await until(`${label}: it is down`, async () => (await statusOf(path)) === "DOWN");
      await ask(path, "disable server checked/c1");
      await until(`${label}: it is in maintenance`, async () => (await statusOf(path)) === "MAINT (via checked/c1)");
      await ask(path, "enable server checked/c1;disable server b/follower");
      expect(await ask(path, "del server b/follower")).toContain("Server deleted.");
    }
  });

  test("show errors keeps the request as it came, readable on any terminal", async () => {
    await exchange(ports.ours, "GET / HTTP/1.1\r\nHo\u0001st: x\r\n\r\n");
    const shown = await ask(socket("ours"), "show errors");
    expect(shown).toMatch(/^Total events captured on \[.*\] : 1\n/);
    expect(shown).toContain("frontend f (#2): invalid request");
    expect(shown).toContain("00000  GET / HTTP/1.1\\r\\n\n");
    expect(shown).toContain("00016  Ho\\x01st: x\\r\\n\n");
  });

  test("help with a filter names the commands that begin so", async () => {
    const shown = await ask(socket("ours"), "help set ssl");
    expect(shown).toContain("set ssl cert");
    expect(shown).not.toContain("show stat");
  });

  test("levels: a user may look and not touch", async () => {
    const path = socket("ours-user");
    expect(await ask(path, "get weight b/s1")).toContain("initial 10");
    expect(await ask(path, "set weight b/s1 1")).toContain("Permission denied");
    expect(await ask(path, "show cli level")).toContain("user");
  });

  test("under workers a command reaches all of them", async () => {
    const path = socket("two");
    await ask(path, `set map ${folder}/m.map a uno;add acl ${folder}/list.lst /new`);
    await ask(path, "disable server b/s1");
    for (let round = 0; round < 12; round += 1) {
      const close = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      expect(await exchange(ports.two, `GET /m ${close}`)).toContain("none");
      await until("every worker refuses it", async () =>
        (await exchange(ports.two, `GET /new ${close}`)).startsWith("HTTP/1.1 403"),
      );
    }
    expect(await ask(path, "show stat")).toMatch(/^b,s1,.*,MAINT,/m);
  });
});
