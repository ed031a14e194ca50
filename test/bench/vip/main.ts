/**
 * ha-vip beside keepalived and ucarp, in one run on one machine: hosts are namespaces, a client asks the floating
 * address every millisecond, and things happen to the host that has it.
 *
 *     bun test/bench/vip/main.ts [--quick] [--only CASE,…] [--intervals 1,0.1,0.01] [--repeat N] [--instances 1,50,255]
 *         [--with ha-vip,keepalived,ucarp] [--binary PATH] [--lock FILE] [--markdown]
 *
 * Cases: cut stop hand-over kill hang isolation check load instances. It needs root. Nothing is left behind, also
 * after Ctrl-C: all of it lives in a laboratory that ends with this process (docs/lab.md).
 */
import { measure } from "./measure.ts";

process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));
await measure();
process.exit();
