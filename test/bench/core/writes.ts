import { BenchCluster } from "./cluster.ts";

/**
 * Committed small writes (64 bytes) per second of three members as processes on this machine, every write on the disk of a
 * majority (fdatasync) before it is answered. `bun test/bench/core/writes.ts [seconds]`
 */
const seconds = Number(process.argv[2] ?? 5);
const cluster = await BenchCluster.start(3);
const leader = cluster.members[await cluster.leader()];
if (leader === undefined) throw new Error("no leader");
await leader.load(64, 1000);
for (const clients of [1, 16, 64, 256, 1000]) {
  const { writes, failed, p50Ms, p99Ms } = await leader.load(clients, seconds * 1000);
  console.log(
    `clients on the leader ${clients}: ${Math.round(writes / seconds)} writes/s, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, failed ${failed}`,
  );
}
const spread = await Promise.all(cluster.members.map((member) => member.load(86, seconds * 1000)));
const total = spread.reduce((sum, result) => sum + result.writes, 0);
const worst = Math.max(...spread.map((result) => result.p99Ms));
console.log(`86 clients on each member: ${Math.round(total / seconds)} writes/s, p99 ${worst.toFixed(2)} ms`);
await cluster.stop();
process.exit(0);
