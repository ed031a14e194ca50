import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { membershipOptions } from "../../shared/decide/membership/membership.ts";
import { DEFAULT_STANDING, majorityOfNodes } from "../../shared/decide/quorum/standing.ts";
import { createRandom } from "../../shared/decide/random.ts";
import { DiskVoteClient } from "../../shared/drive/disk-witness/client.ts";
import { boottimeNs } from "../../shared/drive/ffi/clock.ts";
import { createClusterKey, datagramKey } from "../../shared/drive/raft/certificate.ts";
import type { PresenceReport } from "../../shared/drive/raft/heartbeat-messages.ts";
import { Heartbeats } from "../../shared/drive/raft/heartbeats.ts";
import { named, requirePrograms, requireRoot } from "../../shared/lab/requirements.ts";
import type { HeartbeatRules } from "../../tools/ha-crm/commands/heartbeat-worker.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";

const HA_CRM = [process.execPath, join(import.meta.dir, "../../tools/ha-crm/main.ts")];
const NAMES = ["a", "b"];
const LEASE_MS = 1000;
let directory = "";
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "disk-witness-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function haCrm(...words: readonly string[]) {
  const ran = Bun.spawnSync([...HA_CRM, ...words]);
  return { code: ran.exitCode, stdout: ran.stdout.toString(), stderr: ran.stderr.toString() };
}

function createDisk(path: string): void {
  expect(haCrm("witness-disk", "create", "--disk", path, "--node", "a", "--node", "b", "--lease", "1s").code).toBe(0);
}

const nowMs = (): number => boottimeNs() / 1e6;

/** Two nodes' real processes at one disk. What each believes of its vote is compared whenever either hears of it. */
class Pair {
  readonly untilMs = new Map<string, number>();
  readonly codes: string[] = [];
  readonly both: string[] = [];
  gains = 0;
  readonly clients: ReadonlyMap<string, DiskVoteClient>;

  constructor(path: string, onVote: (node: string, heldUntilMs: number) => void = () => undefined) {
    const start = (node: string): DiskVoteClient =>
      new DiskVoteClient({
        node,
        command: [...HA_CRM, "witness-disk", "voter", "--disk", path, "--node", node, "--parent", String(process.pid)],
        onVote: (heldUntilMs) => {
          if (!this.holds(node) && heldUntilMs > nowMs()) this.gains += 1;
          // A vote that was given ends by the clock, whatever becomes of the process that told of it.
          this.untilMs.set(node, heldUntilMs);
          if (NAMES.every((name) => this.holds(name))) this.both.push(`${nowMs()}: both`);
          onVote(node, heldUntilMs);
        },
        onReason: (fact) => this.codes.push(`${node} ${fact.code}`),
      });
    this.clients = new Map(NAMES.map((name) => [name, start(name)]));
  }

  holds(node: string): boolean {
    return nowMs() < (this.untilMs.get(node) ?? 0);
  }

  /** Who has it, as soon as somebody does. */
  async someHolder(): Promise<string> {
    let holder = "";
    await until("somebody has it", () => (holder = this.holder()) !== "");
    return holder;
  }

  holder(): string {
    return NAMES.filter((name) => this.holds(name)).join("");
  }

  signal(node: string, signal: NodeJS.Signals): void {
    const pid = this.clients.get(node)?.pid ?? null;
    if (pid !== null) process.kill(pid, signal);
  }

  async close(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.close()));
  }
}

const other = (node: string): string => (node === "a" ? "b" : "a");

describe("a witness disk", () => {
  test("is made once, of an empty file, for two nodes; what stands on it can be shown", () => {
    const path = join(directory, "disk");
    expect(haCrm("witness-disk", "create", "--disk", path, "--node", "a").code).toBe(64);
    createDisk(path);
    const again = haCrm("witness-disk", "create", "--disk", path, "--node", "a", "--node", "b");
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("not empty")]);
    expect(haCrm("witness-disk", "show", "--disk", path).stdout).toBe("lease 1000 ms\na: never used\nb: never used\n");
    expect(haCrm("witness-disk", "show", "--disk", join(directory, "none")).stderr).toContain("ENOENT");
  });

  test("votes for one node at a time through kill -9, stops and restarts of the processes", async () => {
    const path = join(directory, "disk");
    createDisk(path);
    const pair = new Pair(path);
    const random = createRandom(7);
    try {
      await pair.someHolder();
      for (let round = 0; round < 2; round += 1) {
        const holder = pair.holder();
        const [signal, victim] = [random.pick(["SIGKILL", "SIGSTOP"] as const), holder === "" ? "a" : holder];
        pair.signal(victim, signal);
        await until("the vote has gone to the other one", () => pair.holder() === other(victim));
        pair.signal(victim, "SIGCONT");
        // Whoever was stopped thaws in the midst of what it was doing, and finds the disk taken.
        await Bun.sleep(random.integer(50, LEASE_MS));
      }
      expect(pair.gains).toBeGreaterThanOrEqual(3);
      const last = await pair.someHolder();
      await pair.clients.get(last)?.close();
      await until("after an orderly end the other one has it", () => pair.holder() === other(last));
      const shown = (): string => haCrm("witness-disk", "show", "--disk", path).stdout;
      await until("the disk says so", () => shown().includes(`${other(last)}: hold`));
    } finally {
      await pair.close();
    }
    expect(pair.both).toEqual([]);
  });

  test("that goes away takes its vote along, and is told", async () => {
    const path = join(directory, "disk");
    createDisk(path);
    const pair = new Pair(path);
    try {
      await pair.someHolder();
      truncateSync(path, 0);
      await until("nobody has it", () => pair.holder() === "");
      await until("both say so", () => NAMES.every((name) => pair.codes.includes(`${name} CORE_DISK_UNREACHABLE`)));
    } finally {
      await pair.close();
    }
  });

  const lacking = requireRoot() ?? requirePrograms("mkfs.ext4", "fsfreeze", "mount", "umount");
  test.skipIf(lacking !== undefined)(
    named("that hangs in the kernel ends the vote by the clock, and keeps nobody from ending", lacking),
    async () => {
      const [image, mounted] = [join(directory, "image"), join(directory, "mounted")];
      const run = (...words: readonly string[]): void => {
        const ran = Bun.spawnSync([...words]);
        if (ran.exitCode !== 0) throw new Error(`${words.join(" ")}: ${ran.stderr.toString()}`);
      };
      mkdirSync(mounted);
      run("truncate", "-s", "8M", image);
      run("mkfs.ext4", "-q", image);
      run("mount", "-o", "loop", image, mounted);
      let frozen = false;
      try {
        createDisk(join(mounted, "disk"));
        const pair = new Pair(join(mounted, "disk"));
        await pair.someHolder();
        const pid = pair.clients.get(pair.holder())?.pid ?? 0;
        run("fsfreeze", "--freeze", mounted);
        frozen = true;
        await until("nobody has it", () => pair.holder() === "");
        await until("the hang is told", () => pair.codes.some((code) => code.includes("CORE_DISK_HANGS")));
        await pair.close();
        // That was no waiting for the disk: not even kill -9 ends the process before the disk answers.
        expect(() => process.kill(pid, 0)).not.toThrow();
        expect(pair.both).toEqual([]);
      } finally {
        if (frozen) run("fsfreeze", "--unfreeze", mounted);
        await until("it is unmounted", () => Bun.spawnSync(["umount", mounted]).exitCode === 0);
      }
    },
  );
});

test("two nodes with a witness disk: who is left goes on, and who is alone without the disk doesn't", async () => {
  const path = join(directory, "disk");
  createDisk(path);
  const key = datagramKey(createClusterKey());
  const ports = [await freePort(), await freePort()];
  const peers = Object.fromEntries(NAMES.map((name, at) => [name, { host: "127.0.0.1", port: ports[at] ?? 0 }]));
  const quorum = { ...majorityOfNodes(NAMES), witness: { name: "disk", votes: 1, disk: true as const } };
  const views = new Map<string, PresenceReport>();
  /** Views of a node that is alone and has quorum nevertheless: only the disk may give it that. */
  const alone: PresenceReport[] = [];
  const heartbeats = new Map(
    NAMES.map((node, at) => {
      const rules: HeartbeatRules = {
        membership: membershipOptions(node, NAMES, ["ring0"], 1),
        standing: { ...DEFAULT_STANDING, self: node, quorum },
      };
      const links = [{ name: "ring0", listen: { host: "127.0.0.1", port: ports[at] ?? 0 }, peers }];
      const one = new Heartbeats({
        settings: { node, boot: 1, key, links, rules, watchdog: null },
        worker: "tools/ha-crm/commands/heartbeat-worker.ts",
        onView: (view) => {
          views.set(node, view);
          if (view.members.length === 1 && view.standing.quorate) alone.push(view);
        },
        onReason: () => undefined,
        onFailure: (error) => {
          throw error;
        },
      });
      return [node, one] as const;
    }),
  );
  const quorate = (): string => NAMES.filter((name) => views.get(name)?.standing.quorate === true).join("");
  const pair = new Pair(path, (node, heldUntilMs) => heartbeats.get(node)?.diskVote(heldUntilMs));
  try {
    await until("both have quorum, with or without the disk", () => quorate() === "ab");
    const lost = await pair.someHolder();
    const left = other(lost);
    // The holder's host is gone: its process at the disk, and its heartbeats.
    pair.signal(lost, "SIGSTOP");
    await heartbeats.get(lost)?.close();
    views.delete(lost);
    await until("who is left sees it", () => views.get(left)?.members.join("") === left);
    await until("and has quorum by the disk", () => quorate() === left);
    expect(alone.every((view) => view.vouchers.includes("disk"))).toBe(true);
    truncateSync(path, 0);
    await until("without the disk it has none", () => quorate() === "");
    pair.signal(lost, "SIGCONT");
    await heartbeats.get(left)?.close();
  } finally {
    await pair.close();
  }
});
