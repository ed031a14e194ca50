/** A daemon for the tests of supervision: does what its first word says. */
import { appendFileSync } from "node:fs";
import { joinSupervisor } from "../child.ts";

const [, , mode = "", log = ""] = process.argv;
const say = (text: string) => appendFileSync(log, `${text}\n`);

if (mode === "usage") process.exit(64);

const link = await joinSupervisor(process.env, {
  dieWithSupervisor: mode === "bound",
  onOrphaned: () => {
    say("orphaned");
    process.exit(75);
  },
});
say(
  `env ${Object.keys(process.env)
    .filter((name) => /^(BUN_|NOTIFY_SOCKET|WATCHDOG_)/.test(name))
    .join(",")}`,
);
process.on("SIGHUP", () => {
  say("hup");
});
process.on("SIGTERM", () => {
  say("term");
  if (mode === "stubborn") return;
  process.exit(mode === "sulk" ? 3 : 0);
});
link.testament({ addresses: ["10.0.0.100"] });
if (mode !== "never-ready") link.ready("serving");
say("ready");
switch (mode) {
  case "crash":
    link.testament({ addresses: ["10.0.0.101"] });
    process.exit(3);
  case "finish":
    process.exit(0);
  case "busy":
    link.busy(60_000);
    // The message must leave before the thread blocks.
    await Bun.sleep(20);
    // Longer than silence may last otherwise.
    Bun.sleepSync(1800);
    say("no longer busy");
    setInterval(() => undefined, 1000);
    break;
  case "hang":
    for (;;);
  default:
    setInterval(() => undefined, 1000);
}
