import { BenchCluster } from "./cluster.ts";
import { EtcdGroup } from "../../core/etcd-fixture.ts";

/**
 * The embedded core beside etcd: three members each on this machine, writes of 1 KiB, everything flushed to the same disk
 * before it is answered. etcd is driven by its own tool, `etcdctl check perf` (1,000 clients over gRPC, at most 15,000
 * writes/s, 60 s); the core by as many clients in its members. `bun test/bench/core/beside-etcd.ts`
 */
const VALUE_LENGTH = 1024;

async function measureEtcd(load: string): Promise<void> {
  const group = await EtcdGroup.start(3);
  if (group === null) throw new Error("etcd is not installed");
  const endpoints = group.endpoints.map((endpoint) => endpoint.replace("http://", "")).join(",");
  const tool = Bun.spawn(["etcdctl", "--endpoints", endpoints, "check", "perf", "--load", load], {
    env: { ...process.env, ETCDCTL_API: "3" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const text = `${await new Response(tool.stdout).text()}${await new Response(tool.stderr).text()}`;
  await tool.exited;
  for (const line of text.split("\n")) if (/PASS|FAIL/.test(line)) console.log(`etcd, load ${load}: ${line.trim()}`);
  await group.stop();
}

async function measureCore(clients: number, seconds: number): Promise<void> {
  const cluster = await BenchCluster.start(3);
  const perMember = Math.ceil(clients / 3);
  const results = await Promise.all(
    cluster.members.map((member) => member.load(perMember, seconds * 1000, VALUE_LENGTH)),
  );
  const writes = results.reduce((sum, result) => sum + result.writes, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  const p99Ms = Math.max(...results.map((result) => result.p99Ms));
  const p50Ms = Math.max(...results.map((result) => result.p50Ms));
  console.log(
    `core, ${perMember * 3} clients on 3 members: ${Math.round(writes / seconds)} writes/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, failed ${failed}`,
  );
  const elections = cluster.members.reduce((sum, member) => sum + member.reasons("CORE_LEADER_RESIGNED"), 0);
  console.log(`core, leaders that resigned meanwhile: ${elections}`);
  await cluster.stop();
}

await measureCore(50, 20);
await measureCore(500, 20);
await measureCore(1000, 20);
for (const load of ["l", "xl"]) await measureEtcd(load);
process.exit(0);
