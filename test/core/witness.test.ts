import { afterEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callControl } from "../../shared/drive/control/client.ts";
import { ControlCoordination } from "../../shared/drive/raft/control-coordination.ts";
import { compareAndPut, put } from "../../shared/effect/coordination.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";

const MAIN = join(import.meta.dir, "../../tools/ha-crm/main.ts");

/** Several daemons that start at once, on a machine with much else to do. */
const START_LIMIT_MS = 120_000;
const CASE_LIMIT_MS = 400_000;

/** Whatever becomes of a test, its processes and files don't outlive it. */
let clean: () => Promise<void> = () => Promise.resolve();
afterEach(() => clean());

function atEnd(directory: string, processes: readonly Bun.Subprocess[]): void {
  clean = async () => {
    for (const process of processes) process.kill("SIGKILL");
    await Promise.all(processes.map((process) => process.exited));
    rmSync(directory, { recursive: true, force: true });
  };
}

test(
  "three witnesses as processes are a cluster: one of them falls, the other two go on",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "witness-"));
    const key = join(directory, "cluster.key");
    const make = (): number =>
      Bun.spawnSync([process.execPath, MAIN, "witness", "--node", "a", "--create-key", "--key", key]).exitCode;
    expect([make(), make()]).toEqual([0, 1]);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    const names = ["a", "b", "w"];
    const peers: string[] = [];
    for (const name of names) peers.push(`${name}=127.0.0.1:${await freePort()}`);
    const start = (node: string): Bun.Subprocess => {
      const run = join(directory, `run-${node}`);
      mkdirSync(run, { recursive: true });
      const words = ["witness", "--node", node, "--directory", join(directory, node), "--key", key, "--log", "stderr"];
      return Bun.spawn([process.execPath, MAIN, ...words, ...peers.flatMap((peer) => ["--peer", peer])], {
        env: { ...process.env, FIVENINES_RUN_DIR: run },
        stdout: "ignore",
        stderr: "ignore",
      });
    };
    const processes = names.map(start);
    atEnd(directory, processes);
    const on = names.map((name) => new ControlCoordination(join(directory, `run-${name}`, "ha-crm", "control.sock")));
    const [a, b, w] = on;
    if (a === undefined || b === undefined || w === undefined) throw new Error("three are needed");
    await until("a first write", async () => (await put(a, "greeting", "hello")).ok, START_LIMIT_MS);
    await until("the witness serves", async () => (await w.get("greeting")).ok);
    processes[0]?.kill("SIGKILL");
    await until("the other two go on", async () => (await put(b, "greeting", "again")).ok);
    await until("the witness knows it", async () => {
      const read = await w.get("greeting");
      return read.ok && read.value.records[0]?.value === "again";
    });
    // A change of leader may leave an outcome unknown; a stale write is never taken.
    const codes: string[] = [];
    await until("a stale write is refused", async () => {
      const late = await compareAndPut(w, "greeting", 1, "never");
      codes.push(late.ok ? "taken" : late.code);
      return codes.at(-1) === "CONFLICT";
    });
    expect(codes).not.toContain("taken");
    for (const process of processes.slice(1)) process.kill("SIGTERM");
    expect(await Promise.all(processes.slice(1).map((process) => process.exited))).toEqual([0, 0]);
  },
  CASE_LIMIT_MS,
);

test(
  "while the key is changed, nodes before, in and after the change work together; who has only another key doesn't",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "keys-"));
    const [old, next, strange] = ["old", "next", "strange"].map((name) => {
      const path = join(directory, name);
      Bun.spawnSync([process.execPath, MAIN, "witness", "--node", "a", "--create-key", "--key", path]);
      return readFileSync(path, "utf8");
    });
    if (old === undefined || next === undefined || strange === undefined) throw new Error("three keys are needed");
    // One line for each key: the first one is used, all are accepted.
    const files: Readonly<Record<string, string>> = { a: old + next, b: next + old, c: next + old, d: strange };
    const names = Object.keys(files);
    const peers: string[] = [];
    for (const name of names) peers.push("--peer", `${name}=127.0.0.1:${await freePort()}`);
    const processes = names.map((node) => {
      const run = join(directory, `run-${node}`);
      mkdirSync(run);
      writeFileSync(join(directory, `key-${node}`), files[node] ?? "", { mode: 0o600 });
      const words = ["witness", "--node", node, "--directory", join(directory, node), "--log", "stderr"];
      return Bun.spawn([process.execPath, MAIN, ...words, "--key", join(directory, `key-${node}`), ...peers], {
        env: { ...process.env, FIVENINES_RUN_DIR: run },
        stdout: "ignore",
        stderr: "ignore",
      });
    });
    atEnd(directory, processes);
    const socketOf = (node: string): string => join(directory, `run-${node}`, "ha-crm", "control.sock");
    const membersOf = async (node: string): Promise<string> => {
      const status = await callControl(socketOf(node), "membership.status");
      const view = status.ok && typeof status.result === "object" ? JSON.stringify(status.result) : "";
      return /"members":\[([^\]]*)\]/.exec(view)?.[1]?.replaceAll('"', "") ?? "";
    };
    for (const node of ["a", "b", "c"])
      await until(`${node} sees the three`, async () => (await membersOf(node)) === "a,b,c", START_LIMIT_MS);
    for (const node of ["a", "b", "c"]) {
      const on = new ControlCoordination(socketOf(node));
      await until(`${node} writes`, async () => (await put(on, node, "x")).ok);
      await on.close();
    }
    // Who has only the strange key was there all the time, and is alone.
    await until("d sees itself", async () => (await membersOf("d")) !== "");
    expect(await membersOf("d")).toBe("d");
  },
  CASE_LIMIT_MS,
);
