/**
 * The supervising process in the place of a watchdog device: a process of its own that kills what it was told to watch and
 * takes addresses off, when it isn't fed in time. It lives through the death of the one that feeds it. Unlike a device it
 * can't help when the kernel hangs, and not when somebody stops this very process: prefer a device.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { parseAddress } from "../../text/address.ts";
import { boottimeNs } from "../ffi/clock.ts";
import { becomeDeadlineThread } from "../ffi/deadline-thread.ts";
import { RouteClient } from "../net/route-client.ts";

const MAX_WATCHED = 4096;
/** The clock is looked at this often, so that a bite is late by no more. */
const LOOK_EVERY_MS = 10;
const PRIORITY = 45;

const watchedSchema = z.object({
  /** Process groups to kill, with the leader's start time from /proc, so that nobody is hit who got the number later. */
  groups: z.array(z.object({ pid: z.number().int().positive(), startTicks: z.string() })).max(MAX_WATCHED),
  addresses: z
    .array(z.object({ device: z.string(), address: z.string(), prefixLength: z.number().int() }))
    .max(MAX_WATCHED),
});
export type Watched = z.infer<typeof watchedSchema>;

const orderSchema = z.discriminatedUnion("kind", [
  /** Bite at this moment of CLOCK_BOOTTIME; null: nothing to fear. */
  z.object({ kind: z.literal("feed"), biteAtMs: z.number().nullable() }),
  z.object({ kind: z.literal("watch"), watched: watchedSchema }),
]);
export type KeeperOrder = z.infer<typeof orderSchema>;

/** The start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), or null when there is none. */
export function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

export interface KeeperEnds {
  readonly lines: AsyncIterable<Uint8Array>;
  /** One line of JSON for each bite: what was done. */
  readonly say: (line: string) => void;
}

/** Runs until its input ends with nothing to fear, or until it has bitten after its input ended. */
export async function runKeeper(ends: KeeperEnds): Promise<void> {
  becomeDeadlineThread({ name: "ha-keeper", priority: PRIORITY });
  // The signals of a terminal or of a service's stop are for the daemon; this process outlives it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  let biteAtMs: number | null = null;
  let watched: Watched = { groups: [], addresses: [] };
  const look = setInterval(() => {
    if (biteAtMs === null || boottimeNs() / 1e6 < biteAtMs) return;
    biteAtMs = null;
    ends.say(JSON.stringify(bite(watched)));
  }, LOOK_EVERY_MS);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of ends.lines) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const order = orderSchema.parse(JSON.parse(line));
      if (order.kind === "feed") biteAtMs = order.biteAtMs;
      else watched = order.watched;
    }
  }
  while (biteAtMs !== null) await Bun.sleep(LOOK_EVERY_MS);
  clearInterval(look);
}

interface Bite {
  readonly bite: true;
  readonly killed: readonly number[];
  readonly removed: readonly string[];
  readonly failed: readonly string[];
}

function bite(watched: Watched): Bite {
  const killed: number[] = [];
  const removed: string[] = [];
  const failed: string[] = [];
  for (const { pid, startTicks } of watched.groups) {
    if (startTicksOf(pid) !== startTicks) continue;
    try {
      process.kill(-pid, "SIGKILL");
      killed.push(pid);
    } catch (error) {
      failed.push(`kill ${pid}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (watched.addresses.length > 0) removeAddresses(watched, removed, failed);
  return { bite: true, killed, removed, failed };
}

function removeAddresses(watched: Watched, removed: string[], failed: string[]): void {
  const routes = RouteClient.open();
  for (const { device, address, prefixLength } of watched.addresses) {
    const what = `${address}/${prefixLength} on ${device}`;
    const parsed = parseAddress(address);
    const link = routes.link(device);
    if (!parsed.ok || !link.ok) {
      failed.push(`${what}: no such address or device`);
      continue;
    }
    const done = routes.deleteAddress({ interfaceIndex: link.value.index, address: parsed.value, prefixLength });
    if (done.ok) removed.push(what);
    else failed.push(`${what}: ${done.failure.text}`);
  }
  routes.close();
}
