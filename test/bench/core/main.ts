/**
 * `bun test/bench/core/main.ts [--quick]`: the core beside etcd (writes, latency, how long no write is possible when a leader
 * is killed; see side-by-side.ts for what is compared), then how soon a new leader is there, and elections without cause
 * while every core is busy. Quick: about a minute and a half, full: about five.
 */
import { measureLeaderLoss } from "./leader-loss.ts";
import { compareWithEtcd } from "./side-by-side.ts";

const quick = process.argv.includes("--quick");
await compareWithEtcd(quick);
await (quick ? measureLeaderLoss(3, 15) : measureLeaderLoss());
process.exit(0);
