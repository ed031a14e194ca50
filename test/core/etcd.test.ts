import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EtcdCoordination } from "../../shared/drive/etcd/coordination.ts";
import { EtcdGateway } from "../../shared/drive/etcd/gateway.ts";
import { put, type Coordination } from "../../shared/effect/coordination.ts";
import { named, requirePrograms } from "../../shared/lab/requirements.ts";
import { Counting } from "./counting.ts";
import { EtcdGroup, requireEtcd, type EtcdTls } from "./etcd-fixture.ts";
import { until } from "../../shared/lab/host.ts";

/** What only etcd can do to its clients: members that die, hang and come back, certificates, passwords. */
const lacking = requireEtcd() ?? requirePrograms("openssl");

/** A member that hangs costs a request this long; on a busy machine a healthy one answers within it, too. */
const TIMEOUT_MS = 5000;

async function valueOf(on: Coordination, key: string): Promise<string> {
  const answer = await on.get(key);
  return answer.ok ? (answer.value.records[0]?.value ?? "") : answer.code;
}

test.skipIf(lacking !== undefined)(
  named("etcd: members die, hang and come back: nothing counts twice, watches go on, all down is unavailable", lacking),
  async () => {
    const group = await EtcdGroup.start(3);
    const on = new EtcdCoordination({ endpoints: group.endpoints, timeoutMs: 2000 });
    try {
      expect((await put(on, "n", "0")).ok).toBe(true);
      const seen: number[] = [];
      on.watch("n", 1, (notice) => {
        if (notice.kind === "events") seen.push(...notice.events.map((event) => Number(event.value)));
      });
      const counting = new Counting("n");
      const counter = counting.run(on);
      const progress = async (): Promise<void> => {
        const goal = counting.won + 20;
        await until("it counts on", () => counting.won >= goal);
      };
      await progress();
      group.kill(0);
      await progress();
      group.startMember(0);
      group.kill(1, "SIGSTOP");
      await progress();
      group.kill(1, "SIGCONT");
      await progress();
      counting.stop();
      await counter;
      const counted = Number(await valueOf(on, "n"));
      expect(counting.explains(counted)).toBe(true);
      await until("the watch has told all of it", () => seen.at(-1) === counted);
      expect(seen).toEqual(Array.from({ length: counted + 1 }, (_, at) => at));
      for (const at of [0, 1, 2]) group.kill(at);
      await until("all are gone", async () => (await valueOf(on, "n")) === "UNAVAILABLE");
      // A connection that was open when its member fell leaves the first outcome unknown.
      await until("a write isn't even sent", async () => {
        const refused = await put(on, "n", "no");
        return !refused.ok && refused.code === "UNAVAILABLE";
      });
      for (const at of [0, 1, 2]) group.startMember(at);
      await until("it is back with what it had", async () => (await valueOf(on, "n")) === String(counted));
      await until("it is written to", async () => (await put(on, "n", "-1")).ok);
      await until("the watch goes on", () => seen.at(-1) === -1);
    } finally {
      await on.close();
      await group.stop();
    }
  },
  180_000,
);

function makeCertificates(directory: string): EtcdTls {
  const at = (name: string): string => join(directory, name);
  const run = (...words: readonly string[]): void => {
    const ran = Bun.spawnSync(["openssl", ...words], { stderr: "pipe" });
    if (ran.exitCode !== 0) throw new Error(ran.stderr.toString());
  };
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  run(
    "req",
    "-x509",
    ...curve,
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.pem"),
    "-subj",
    "/CN=test authority",
    "-days",
    "2",
  );
  run("req", ...curve, "-keyout", at("node.key"), "-out", at("node.csr"), "-subj", "/CN=node");
  writeFileSync(at("extensions"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
  const signed = [
    "-CA",
    at("ca.pem"),
    "-CAkey",
    at("ca.key"),
    "-CAcreateserial",
    "-extfile",
    at("extensions"),
    "-days",
    "2",
  ];
  run("x509", "-req", "-in", at("node.csr"), "-out", at("node.pem"), ...signed);
  return { caFile: at("ca.pem"), certFile: at("node.pem"), keyFile: at("node.key") };
}

test.skipIf(lacking !== undefined)(
  named("etcd: over TLS with a client's certificate, and not without", lacking),
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "etcd-tls-"));
    const group = await EtcdGroup.start(1, makeCertificates(directory));
    try {
      const tls = group.clientTls();
      if (tls === undefined) throw new Error("no certificates");
      const options = { endpoints: group.endpoints, timeoutMs: TIMEOUT_MS };
      const known = new EtcdCoordination({ ...options, tls });
      expect((await put(known, "k", "v")).ok).toBe(true);
      expect(await valueOf(known, "k")).toBe("v");
      // Without a certificate of its own, and without knowing the authority.
      for (const wrong of [{ ca: tls.ca }, { cert: tls.cert, key: tls.key }]) {
        expect(await valueOf(new EtcdCoordination({ ...options, tls: wrong }), "k")).toBe("UNAVAILABLE");
      }
    } finally {
      await group.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

test.skipIf(lacking !== undefined)(
  named("etcd: name and password; a token that etcd forgot is asked for again", lacking),
  async () => {
    const group = await EtcdGroup.start(1);
    try {
      const options = { endpoints: group.endpoints, timeoutMs: TIMEOUT_MS };
      const gateway = new EtcdGateway(options);
      for (const [path, body] of [
        ["user/add", { name: "root", password: "secret" }],
        ["role/add", { name: "root" }],
        ["user/grant", { user: "root", role: "root" }],
        ["enable", {}],
      ] as const) {
        expect((await gateway.call(`/v3/auth/${path}`, body)).kind).toBe("ok");
      }
      const inside = new EtcdCoordination({ ...options, user: { name: "root", password: "secret" } });
      expect((await put(inside, "k", "v")).ok).toBe(true);
      const seen: string[] = [];
      const watch = inside.watch("k", 1, (notice) => {
        if (notice.kind === "events") seen.push(...notice.events.map((event) => event.value ?? ""));
      });
      await until("the watch may listen", () => seen.length === 1);
      const nobody = await put(new EtcdCoordination(options), "k", "w");
      expect(!nobody.ok && nobody.code).toBe("REFUSED");
      const liar = await put(new EtcdCoordination({ ...options, user: { name: "root", password: "guess" } }), "k", "w");
      expect(!liar.ok && liar.code).toBe("REFUSED");
      // Simple tokens live in the memory of a member.
      group.kill(0);
      await until("it is gone", async () => (await valueOf(inside, "k")) === "UNAVAILABLE");
      group.startMember(0);
      await until("it is known again", async () => (await put(inside, "k", "v2")).ok);
      await until("the watch goes on", () => seen.at(-1) === "v2");
      watch.close();
    } finally {
      await group.stop();
    }
  },
);

test.skipIf(lacking !== undefined)(
  named("etcd: a watch from before a compaction is told what it missed, and goes on", lacking),
  async () => {
    const group = await EtcdGroup.start(1);
    try {
      const options = { endpoints: group.endpoints, timeoutMs: TIMEOUT_MS };
      const on = new EtcdCoordination(options);
      for (const value of ["1", "2", "3"]) expect((await put(on, "k", value)).ok).toBe(true);
      const read = await on.get("k");
      const revision = read.ok ? read.value.revision : 0;
      expect((await new EtcdGateway(options).call("/v3/kv/compaction", { revision: String(revision) })).kind).toBe(
        "ok",
      );
      const seen: string[] = [];
      const watch = on.watch("k", 1, (notice) => {
        if (notice.kind === "missed") seen.push("missed");
        else seen.push(...notice.events.map((event) => event.value ?? ""));
      });
      await until("it is told", () => seen.includes("missed"));
      expect((await put(on, "k", "4")).ok).toBe(true);
      await until("it goes on", () => seen.at(-1) === "4");
      expect(seen.filter((word) => word === "missed")).toHaveLength(1);
      watch.close();
      await on.close();
    } finally {
      await group.stop();
    }
  },
);
