/** Adverts every 10 ms while everything else wants the processor: does anybody take over who shouldn't? */
import { availableParallelism } from "node:os";
import type { LabProcess } from "../../../shared/lab/process.ts";
import type { Site } from "./site.ts";

/** Busy programs for each core: the machine is full whatever else sleeps. */
const BURNERS_PER_CORE = 2;

async function watchAddresses(site: Site): Promise<LabProcess> {
  return await site.host("h2").spawn(["ip", "-oneline", "monitor", "address", "dev", "eth0"]);
}

/** How often the backup had the address: each time but a last one that goes on ends with its removal. */
function countTakeOvers(site: Site, watcher: LabProcess): number {
  const removed = watcher.stdout.split("\n").filter((line) => line.includes("Deleted") && line.includes(site.address));
  return removed.length + (site.holds("h2") ? 1 : 0);
}

/** @returns take-overs by the backup, of which none has a reason */
export async function spuriousTakeOvers(site: Site, durationMs: number): Promise<number> {
  const watcher = await watchAddresses(site);
  const burners = await Promise.all(
    Array.from({ length: availableParallelism() * BURNERS_PER_CORE }, () =>
      site.lab.client.spawn(["sh", "-c", "while :; do :; done"]),
    ),
  );
  try {
    await Bun.sleep(durationMs);
    return countTakeOvers(site, watcher);
  } finally {
    await Promise.all(burners.map((burner) => burner.kill()));
    await watcher.kill();
  }
}
