/** `bun test/bench/core/main.ts [--quick]`: the core beside etcd; see side-by-side.ts for what is compared. */
import { compareWithEtcd } from "./side-by-side.ts";

await compareWithEtcd(process.argv.includes("--quick"));
process.exit(0);
