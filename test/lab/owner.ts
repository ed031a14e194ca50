/**
 * A program that owns a lab with everything in it that could be left behind, for `cleanup.test.ts`:
 * servers, probes, a stopped host, a process in the background, files, a shell in the middle of a command.
 */
import { createLab } from "../../shared/lab/lab.ts";
import { startAnswering, startProbe } from "../../shared/lab/prober/prober.ts";
import type { LabMode } from "../../shared/lab/support.ts";

const mode: LabMode = process.argv[2] === "user" ? "user" : "root";
const lab = await createLab({ mode, hosts: 2, rings: 2 });
await startAnswering(lab.hosts);
await startProbe(lab, { address: lab.host("h2").ipv4 });
await lab.host("h1").writeFile("/var/lib/left-behind", "on the host's disk");
await lab.host("h1").run("setsid sleep 1000 >/dev/null 2>&1 & echo started");
await lab.host("h1").spawn(["sleep", "1000"]);
await lab.pause("h1");
void lab.host("h2").exec("trap '' TERM INT HUP; sleep 1000", { timeoutMs: 900_000 });
await lab.isolate("h2");
process.stdout.write("ready\n");
const how = process.argv[3];
// Whoever wants to see what there is looks now, and then says so.
if (how !== "wait") {
  process.stdin.once("end", () => process.exit(1));
  await new Promise((resolve) => process.stdin.once("data", resolve));
}
if (how === "exit") process.exit(0);
if (how === "throw") throw new Error("as planned");
if (how === "close") {
  await lab.close();
  process.exit(0);
}
await Bun.sleep(600_000);
