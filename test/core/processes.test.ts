import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createClusterKey } from "../../shared/drive/raft/certificate.ts";
import { createLab, type Lab, type LabProcess } from "../../shared/lab/lab.ts";
import { named, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { checkHistory } from "../../shared/sim/check/linearizability.ts";
import { until } from "../../shared/lab/host.ts";
import { historyOf, parseLines } from "./history.ts";

/** Three real processes on three hosts of a lab, with clients at work while things break; then their histories are judged. */
const lacking = requireRootNamespaces();
const REPOSITORY = join(import.meta.dir, "../..");
const PORT = 7400;
const DIRECTORY = "/var/core/state";
/** Clocks that run at different rates, within the drift that the core allows for. */
const CLOCK_RATES = [1, 1.03, 0.97];

/** What is waited for comes within seconds, and on a slow and busy machine within this. */
const LIMIT_MS = 60_000;
/** A log with so many bytes has some that later writes vouch for in its midst. */
const JOURNAL_BYTES = 20_000;

function statusLine(line: Readonly<Record<string, unknown>> | undefined) {
  return line?.["status"] as { readonly role: string; readonly term: number } | undefined;
}

class Cluster {
  readonly all: LabProcess[] = [];
  readonly now: (LabProcess | null)[] = [null, null, null];

  constructor(readonly lab: Lab) {}

  async start(at: number): Promise<void> {
    const host = this.lab.hosts[at];
    if (host === undefined) throw new Error("no such host");
    const peers = Object.fromEntries(this.lab.hosts.map((peer) => [peer.name, { host: peer.ipv4, port: PORT }]));
    const settings = {
      node: host.name,
      directory: DIRECTORY,
      keyFile: "/etc/core.key",
      peers,
      clients: 2,
      clockRate: CLOCK_RATES[at] ?? 1,
    };
    const program = join(REPOSITORY, "test/core/member-process.ts");
    const process = await host.spawn([globalThis.process.execPath, program, JSON.stringify(settings)]);
    this.all.push(process);
    this.now[at] = process;
    await process.waitForOutput(/"started"/, LIMIT_MS);
  }

  /** Who leads the newest term, by what the running members last said. */
  leader(): number {
    let best = -1;
    let bestTerm = -1;
    for (const [at, process] of this.now.entries()) {
      const said = process?.stdout ?? "";
      // The last whole line of that kind.
      const from = said.lastIndexOf('{"status":', said.lastIndexOf("\n"));
      const status = from < 0 ? undefined : statusLine(parseLines(said.slice(from, said.indexOf("\n", from)))[0]);
      if (status !== undefined && status.role === "leader" && status.term > bestTerm) {
        best = at;
        bestTerm = status.term;
      }
    }
    return best;
  }

  async someLeader(): Promise<number> {
    let leader = -1;
    await until("a leader", () => (leader = this.leader()) >= 0, LIMIT_MS);
    return leader;
  }

  process(at: number): LabProcess {
    const process = this.now[at];
    if (process === null || process === undefined) throw new Error("that member is down");
    return process;
  }

  answers(): number {
    return this.all.reduce((sum, process) => sum + process.stdout.split('"outcome":"ok"').length - 1, 0);
  }

  /** Clients get further answers. */
  async works(more = 60): Promise<void> {
    const goal = this.answers() + more;
    await until("clients get answers", () => this.answers() >= goal, LIMIT_MS);
  }
}

async function breakThings(cluster: Cluster): Promise<void> {
  const { lab } = cluster;
  // The leader is killed, and comes back.
  const killed = await cluster.someLeader();
  await cluster.process(killed).kill("SIGKILL");
  cluster.now[killed] = null;
  await cluster.works();
  await cluster.start(killed);
  await cluster.works();
  // The leader is stopped for longer than an election takes, and thaws into a newer term.
  const stopped = await cluster.someLeader();
  cluster.process(stopped).signal("SIGSTOP");
  await Bun.sleep(1200);
  cluster.process(stopped).signal("SIGCONT");
  await cluster.works();
  // The leader is heard by nobody, then hears nobody.
  const mute = await cluster.someLeader();
  await lab.dropOut(lab.hosts[mute]?.name ?? "");
  await Bun.sleep(1200);
  await lab.heal();
  await cluster.works();
  const deaf = await cluster.someLeader();
  await lab.dropIn(lab.hosts[deaf]?.name ?? "");
  await Bun.sleep(1200);
  await lab.heal();
  await cluster.works();
  // A clock jumps.
  cluster.process((await cluster.someLeader()) === 0 ? 1 : 0).signal("SIGUSR1");
  await cluster.works();
}

async function fillDisk(cluster: Cluster): Promise<void> {
  const host = cluster.lab.hosts[0];
  if (host === undefined) throw new Error("no host");
  await host.exec(["sh", "-c", "dd if=/dev/zero of=/var/core/ballast bs=4096 2>/dev/null; true"]);
  await cluster.process(0).waitForOutput(/CORE_DISK_FULL/, LIMIT_MS);
  await cluster.works();
  await host.run(["rm", "/var/core/ballast"]);
  await cluster.works();
}

/** A member is killed, a byte in the midst of its log is changed, and it gets its log back from the others. */
async function damageLog(cluster: Cluster): Promise<void> {
  const at = ((await cluster.someLeader()) + 1) % 3;
  const host = cluster.lab.hosts[at];
  if (host === undefined) throw new Error("no host");
  const journal = `${DIRECTORY}/journal`;
  const length = async (): Promise<number> => Number(await host.run(["stat", "-c", "%s", journal]));
  // It begins anew with every snapshot.
  await until("the log is long enough", async () => (await length()) >= JOURNAL_BYTES, LIMIT_MS);
  await cluster.process(at).kill("SIGKILL");
  cluster.now[at] = null;
  // Half way into the file, where many later writes vouch for what stands there.
  const flip = `dd if=/dev/urandom of=${journal} bs=1 count=8 conv=notrunc seek=$(($(stat -c %s ${journal}) / 2))`;
  await host.run(["sh", "-c", `${flip} 2>/dev/null`]);
  await cluster.start(at);
  await cluster.process(at).waitForOutput(/CORE_LOG_CORRUPT/, LIMIT_MS);
  await cluster.process(at).waitForOutput(/CORE_RECOVERED/, LIMIT_MS);
  await cluster.works();
}

/** All lose their processes at the same moment. */
async function killAll(cluster: Cluster): Promise<void> {
  await Promise.all([0, 1, 2].map((at) => cluster.process(at).kill("SIGKILL")));
  await Promise.all([0, 1, 2].map((at) => cluster.start(at)));
  await cluster.works();
}

describe("three processes", () => {
  test.skipIf(lacking !== undefined)(
    named(
      "histories stay linearizable through kill -9 of one and of all, stop, one-way cuts, clock jump, a full disk and a damaged log",
      lacking,
    ),
    async () => {
      await using lab = await createLab({ hosts: 3, client: false, ipv6: false });
      const key = JSON.stringify(createClusterKey());
      for (const host of lab.hosts) await host.writeFile("/etc/core.key", key, "600");
      for (const host of lab.hosts) await host.run(["mkdir", "-p", "/var/core"]);
      await lab.hosts[0]?.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", "/var/core"]);
      const cluster = new Cluster(lab);
      await Promise.all([0, 1, 2].map((at) => cluster.start(at)));
      await cluster.someLeader();
      await cluster.works();
      await breakThings(cluster);
      await fillDisk(cluster);
      await damageLog(cluster);
      await killAll(cluster);
      for (const at of [0, 1, 2]) await cluster.process(at).kill("SIGKILL");
      const history = historyOf(cluster.all.map((process) => process.stdout));
      expect(history.length).toBeGreaterThan(500);
      expect(checkHistory(history)).toEqual({ verdict: "linearizable", key: "" });
    },
    400_000,
  );
});
