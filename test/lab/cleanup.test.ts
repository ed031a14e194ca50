import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { named, requireNamespaces, requirePackages } from "../../shared/lab/requirements.ts";
import { type LabMode, labSupport } from "../../shared/lab/support.ts";
import { machineState, tracesOf, whatRemains } from "./traces.ts";

const OWNER = join(import.meta.dir, "owner.ts");
const CASE_LIMIT_MS = 180_000;

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
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
    // Its own process group, as a terminal's foreground job has.
    detached: true,
  });
  try {
    await sayReady(owner.stdout);
    const traces = tracesOf(owner.pid);
    // Switch, two hosts and the client; servers, probe, shells.
    expect(traces.namespaces.size).toBeGreaterThanOrEqual(4 * 4);
    expect(traces.processes.size).toBeGreaterThan(15);
    // A terminal signals the whole foreground group; kill -9 hits the owner alone.
    if (signal !== undefined) process.kill(signal === "SIGKILL" ? owner.pid : -owner.pid, signal);
    else {
      void owner.stdin.write("now\n");
      await owner.stdin.flush();
    }
    await owner.exited;
    expect(await whatRemains(traces)).toEqual([]);
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
