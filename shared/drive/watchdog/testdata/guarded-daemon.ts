/**
 * A daemon for the tests: has an address and a child that must not outlive its lease, and renews as long as its main thread
 * turns. `guarded-daemon.ts SOCKET KEEPER LEASE_MS STEP_DOWN_MS DEVICE ADDRESS CHILD_PID`; says what happens, a line each.
 */
import { writeSync } from "node:fs";
import { boottimeNs } from "../../ffi/clock.ts";
import { KeeperClient } from "../keeper-client.ts";
import { startTicksOf } from "../keeper.ts";

const [socketPath = "", keeper = "", lease = "", stepDown = "", device = "", address = "", child = ""] =
  process.argv.slice(2);
const leaseMs = Number(lease);
const say = (text: string): void => void writeSync(1, `${text}\n`);

const { client, found } = await KeeperClient.open({
  socketPath,
  command: [process.execPath, ...keeper.split(" "), socketPath],
  onBite: (bite, late) => say(`bite${late ? " meanwhile" : ""} ${JSON.stringify(bite)}`),
  onLost: () => say("lost"),
  onKept: (pid) => say(`kept by ${pid}`),
  onUnguarded: () => {
    say("steps down");
    process.exit(0);
  },
  stepDownAfterMs: Number(stepDown),
});
say(`found ${JSON.stringify(found)}`);
const group = { pid: Number(child), startTicks: startTicksOf(Number(child)) ?? "" };
await client.watch({ groups: [group], addresses: [{ device, address, prefixLength: 32 }] });
const renew = (): void => void client.feed(boottimeNs() / 1e6 + leaseMs);
renew();
setInterval(renew, leaseMs / 10);
say("serves");
process.on("SIGUSR1", () => {
  for (;;);
});
