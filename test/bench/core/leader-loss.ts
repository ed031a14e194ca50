import { until } from "../../../shared/lab/host.ts";
import { BenchCluster } from "./cluster.ts";

/**
 * How long a group of three is without a leader when its leader is killed (kill -9), at default settings, and whether any
 * election happens without cause while every core of the machine is busy.
 * `bun test/bench/core/leader-loss.ts [kills] [soak seconds]`
 */
const KILLS = 20;
const SOAK_SECONDS = 60;

async function measureLoss(cluster: BenchCluster): Promise<number> {
  const at = await cluster.leader();
  const victim = cluster.members[at];
  if (victim === undefined) throw new Error("no leader");
  const others = cluster.members.filter((member) => member !== victim);
  const before = others.map((member) => member.reasons("CORE_LEADER_ELECTED"));
  const startMs = performance.now();
  victim.process.kill("SIGKILL");
  const elected = (): boolean =>
    others.some((member, index) => member.reasons("CORE_LEADER_ELECTED") > (before[index] ?? 0));
  await until("a new leader", elected);
  const tookMs = performance.now() - startMs;
  await victim.process.exited;
  cluster.startMember(at);
  await until("the member is back", () => (cluster.members[at]?.reasons("CORE_LEADER_FOLLOWED") ?? 0) > 0);
  return tookMs;
}

async function soak(cluster: BenchCluster, seconds: number): Promise<void> {
  const count = (code: string): number => cluster.members.reduce((sum, member) => sum + member.reasons(code), 0);
  const before = [count("CORE_ELECTION_STARTED"), count("CORE_LEADER_ELECTED")];
  const burners = Array.from({ length: navigator.hardwareConcurrency }, () =>
    Bun.spawn([process.execPath, "-e", "for(;;);"], { stdout: "ignore" }),
  );
  await Bun.sleep(seconds * 1000);
  for (const burner of burners) burner.kill("SIGKILL");
  const asked = count("CORE_ELECTION_STARTED") - (before[0] ?? 0);
  const won = count("CORE_LEADER_ELECTED") - (before[1] ?? 0);
  console.log(`${seconds} s with every core busy: ${asked} elections asked for, ${won} changes of leader`);
}

/** Prints how long a killed leader is missed, and what a machine with no idle core makes of the group. */
export async function measureLeaderLoss(kills = KILLS, soakSeconds = SOAK_SECONDS): Promise<void> {
  const cluster = await BenchCluster.start(3);
  const times: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) times.push(await measureLoss(cluster));
  times.sort((a, b) => a - b);
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(0);
  console.log(`leader killed ${kills} times: new leader after p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, worst ${at(1)} ms`);
  await soak(cluster, soakSeconds);
  await cluster.stop();
}

if (import.meta.main) {
  await measureLeaderLoss(Number(process.argv[2] ?? KILLS), Number(process.argv[3] ?? SOAK_SECONDS));
  process.exit(0);
}
