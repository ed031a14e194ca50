import { join } from "node:path";
import { EtcdCoordination } from "../../../shared/drive/etcd/coordination.ts";
import { ControlCoordination } from "../../../shared/drive/raft/control-coordination.ts";
import { put, type Coordination } from "../../../shared/effect/coordination.ts";
import { EtcdGroup } from "../../core/etcd-fixture.ts";
import { until } from "../../../shared/lab/host.ts";
import { BenchCluster, type LoadResult } from "./cluster.ts";

/**
 * The embedded core beside etcd, like for like: three members each as processes on this machine, on the same disk, every write
 * flushed by a majority before it is answered; the same client program outside of them, over each engine's own client
 * door. `bun test/bench/core/main.ts [--quick]`
 */
const LOAD_MS = 10_000;
const QUICK_LOAD_MS = 4000;
const KILLS = 10;
const QUICK_KILLS = 2;
const VALUE_LENGTH = 64;
const CLIENT_COUNTS = [1, 64, 300];

interface Load {
  readonly engine: "core" | "etcd";
  readonly endpoints: readonly string[];
  readonly clients: number;
  readonly forMs: number;
}

async function load(what: Load): Promise<LoadResult> {
  const settings = { ...what, valueLength: VALUE_LENGTH };
  const program = join(import.meta.dir, "load-client.ts");
  const run = Bun.spawn([process.execPath, program, JSON.stringify(settings)], { stdout: "pipe", stderr: "inherit" });
  return JSON.parse(await new Response(run.stdout).text());
}

/** A member that is killed while it leads, and the time until a client of another member gets a write done. */
async function writeGap(on: readonly Coordination[], kill: (name: string) => void): Promise<number> {
  let leader = "";
  await until("a leader", async () => {
    const members = await on[0]?.members();
    leader = (members?.ok === true && members.value.find((member) => member.leader)?.name) || "";
    return leader !== "";
  });
  const other = on[(Number(leader.slice(1)) + 1) % on.length];
  if (other === undefined) throw new Error("no other member");
  await put(other, "gap", "before");
  const startMs = performance.now();
  kill(leader);
  for (;;) {
    const answer = await Promise.race([put(other, "gap", "after"), Bun.sleep(50).then(() => null)]);
    if (answer?.ok === true) return performance.now() - startMs;
    await Bun.sleep(2);
  }
}

async function coreGap(): Promise<number> {
  const cluster = await BenchCluster.start(3);
  const on = cluster.settings.map(({ socketPath }) => new ControlCoordination(socketPath));
  const gapMs = await writeGap(on, (name) =>
    cluster.members.find((member) => member.node === name)?.process.kill("SIGKILL"),
  );
  await cluster.stop();
  return gapMs;
}

async function etcdGap(): Promise<number> {
  const group = await EtcdGroup.start(3);
  if (group === null) throw new Error("etcd is not installed");
  const on = group.endpoints.map((endpoint) => new EtcdCoordination({ endpoints: [endpoint], timeoutMs: 5000 }));
  const gapMs = await writeGap(on, (name) => group.kill(Number(name.slice(1))));
  await group.stop();
  return gapMs;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function compareWrites(forMs: number): Promise<void> {
  const cluster = await BenchCluster.start(3);
  const etcd = await EtcdGroup.start(3);
  if (etcd === null) throw new Error("etcd is not installed");
  const sockets = cluster.settings.map(({ socketPath }) => socketPath);
  for (const clients of CLIENT_COUNTS) {
    const core = await load({ engine: "core", endpoints: sockets, clients, forMs });
    const peer = await load({ engine: "etcd", endpoints: etcd.endpoints, clients, forMs });
    const show = (result: LoadResult): string =>
      `${Math.round(result.writes / (forMs / 1000))} writes/s, p50 ${result.p50Ms.toFixed(2)} ms, ` +
      `p99 ${result.p99Ms.toFixed(2)} ms, failed ${result.failed}`;
    const ratio = (core.writes / Math.max(1, peer.writes)).toFixed(2);
    console.log(`${clients} clients: core ${show(core)}; etcd ${show(peer)}; ratio ${ratio}`);
  }
  await cluster.stop();
  await etcd.stop();
}

async function compareGaps(kills: number): Promise<void> {
  const gaps = { core: [] as number[], etcd: [] as number[] };
  for (let kill = 0; kill < kills; kill += 1) {
    gaps.core.push(await coreGap());
    gaps.etcd.push(await etcdGap());
  }
  const [ours, theirs] = [median(gaps.core), median(gaps.etcd)];
  const worst = (values: readonly number[]): string => Math.max(...values).toFixed(0);
  console.log(
    `leader killed, no write until: core median ${ours.toFixed(0)} ms, worst ${worst(gaps.core)} ms; ` +
      `etcd median ${theirs.toFixed(0)} ms, worst ${worst(gaps.etcd)} ms; ratio ${(theirs / ours).toFixed(2)}`,
  );
}

/** Prints both engines' figures and their ratio; above 1 the core is the better one. */
export async function compareWithEtcd(quick: boolean): Promise<void> {
  await compareWrites(quick ? QUICK_LOAD_MS : LOAD_MS);
  await compareGaps(quick ? QUICK_KILLS : KILLS);
}
