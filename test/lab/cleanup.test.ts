import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { childrenOf } from "../../shared/lab/process.ts";
import { named, requireNamespaces, requirePackages } from "../../shared/lab/requirements.ts";
import { type LabMode, labSupport } from "../../shared/lab/support.ts";

const OWNER = join(import.meta.dir, "owner.ts");
const CASE_LIMIT_MS = 60_000;
const GONE_LIMIT_MS = 20_000;

/** A process by number and start time: numbers are used again. Undefined when it is gone or only a zombie. */
function identify(pid: number | string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : `${pid}@${fields[19]}`;
  } catch {
    return undefined;
  }
}

function namespacesOf(pid: number | string): string[] {
  return ["net", "mnt", "pid", "uts", "ipc"].flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${kind}`)];
    } catch {
      return [];
    }
  });
}

function processTree(root: number): number[] {
  return [root, ...childrenOf(root).flatMap(processTree)];
}

/** What the machine itself has: mounts, network cards, firewall tables, named namespaces. */
function machineState(): Set<string> {
  const lines = [
    ...readFileSync("/proc/self/mountinfo", "utf8").split("\n"),
    ...readdirSync("/sys/class/net").map((card) => `card ${card}`),
    ...Bun.spawnSync(["ip", "netns", "list"]).stdout.toString().split("\n"),
    ...Bun.spawnSync(["nft", "list", "tables"]).stdout.toString().split("\n"),
  ];
  return new Set(lines);
}

interface Traces {
  readonly processes: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
}

/** Every process and namespace that belongs to the owner and not to the machine. */
function tracesOf(owner: number): Traces {
  const tree = processTree(owner);
  const own = new Set(namespacesOf("self"));
  return {
    processes: new Set(tree.flatMap((pid) => identify(pid) ?? [])),
    namespaces: new Set(tree.flatMap(namespacesOf).filter((name) => !own.has(name))),
  };
}

/** What is left of them. */
function leftOver(traces: Traces): string[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => {
    const id = identify(pid);
    if (id === undefined) return [];
    const inside = namespacesOf(pid).some((name) => traces.namespaces.has(name));
    if (!traces.processes.has(id) && !inside) return [];
    return [`${id} ${commandLine(pid)}`];
  });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "(just ended)";
  }
}

const ENDINGS: readonly (readonly [name: string, how: string, signal?: NodeJS.Signals])[] = [
  ["close()", "close"],
  ["process.exit()", "exit"],
  ["an exception", "throw"],
  ["kill -9", "wait", "SIGKILL"],
  ["Ctrl-C", "wait", "SIGINT"],
  ["a closed terminal", "wait", "SIGHUP"],
  ["a stop of the service", "wait", "SIGTERM"],
];

for (const mode of ["root", "user"] satisfies LabMode[]) {
  const support = labSupport(mode);
  const lacking =
    (mode === "root" && process.getuid?.() !== 0 ? "needs root" : undefined) ??
    (support.mode === "none" ? support.why : undefined) ??
    requireNamespaces() ??
    requirePackages("nftables");
  describe.skipIf(lacking !== undefined)(named(`nothing is left of a lab, mode ${mode}, after`, lacking), () => {
    for (const [name, how, signal] of ENDINGS) {
      test(name, async () => endAndLook(mode, how, signal), CASE_LIMIT_MS);
    }
  });
}

async function endAndLook(mode: LabMode, how: string, signal: NodeJS.Signals | undefined): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "fivenines-cleanup-test-"));
  const before = machineState();
  const owner = Bun.spawn([process.execPath, OWNER, mode, how], {
    env: { ...process.env, TMPDIR: scratch },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    // Its own process group, as a terminal's foreground job has.
    detached: true,
  });
  try {
    let traces: Traces | undefined;
    if (signal !== undefined) {
      await sayReady(owner.stdout);
      traces = tracesOf(owner.pid);
      // Switch, two hosts and the client; servers, probe, shells.
      expect(traces.namespaces.size).toBeGreaterThanOrEqual(4 * 4);
      expect(traces.processes.size).toBeGreaterThan(15);
      // A terminal signals the whole foreground group; kill -9 hits the owner alone.
      process.kill(signal === "SIGKILL" ? owner.pid : -owner.pid, signal);
    } else {
      traces = await watchUntilEnd(owner.pid, owner.exited);
      expect(traces.namespaces.size).toBeGreaterThanOrEqual(4 * 4);
    }
    await owner.exited;
    const seen = traces;
    let left: string[] = [];
    await until("all is gone", () => (left = leftOver(seen)).length === 0, GONE_LIMIT_MS).catch(() => undefined);
    expect(left).toEqual([]);
    expect([...machineState()].filter((line) => !before.has(line))).toEqual([]);
    expect(readdirSync(scratch)).toEqual([]);
    expect(await Bun.file("/var/lib/left-behind").exists()).toBe(false);
  } finally {
    owner.kill("SIGKILL");
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function sayReady(stream: ReadableStream<Uint8Array>): Promise<void> {
  let said = "";
  for await (const chunk of stream) {
    said += new TextDecoder().decode(chunk);
    if (said.includes("ready\n")) return;
  }
  throw new Error(`the owner ended without being ready: ${said}`);
}

/** Collects traces while the owner lives, since it ends by itself. */
async function watchUntilEnd(owner: number, exited: Promise<number>): Promise<Traces> {
  const processes = new Set<string>();
  const namespaces = new Set<string>();
  let running = true;
  void exited.then(() => (running = false));
  while (running) {
    const traces = tracesOf(owner);
    for (const id of traces.processes) processes.add(id);
    for (const name of traces.namespaces) namespaces.add(name);
    await Bun.sleep(20);
  }
  return { processes, namespaces };
}
