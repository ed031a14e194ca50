/**
 * The supervising process in the place of a watchdog device: a process of its own that kills what it was told to watch and
 * takes addresses off, when it isn't fed in time. It lives through the death of the daemon that feeds it, and the
 * next daemon finds it by its socket. Unlike a device it can't help when the kernel hangs, and not when somebody stops this
 * very process: prefer a device.
 */
import { chmodSync, readFileSync, renameSync } from "node:fs";
import type { Socket } from "bun";
import { parseAddress } from "../../text/address.ts";
import { LineSplitter } from "../control/lines.ts";
import { takeSocketPlace } from "../control/socket-file.ts";
import { boottimeNs } from "../ffi/clock.ts";
import { becomeDeadlineThread } from "../ffi/deadline-thread.ts";
import { RouteClient } from "../net/route-client.ts";
import { LONGEST_KEEPER_LINE, orderSchema, type Bite, type KeeperSaid, type Watched } from "./keeper-messages.ts";

/** The clock is looked at this often, so that a bite is late by no more. */
const LOOK_EVERY_MS = 10;
const PRIORITY = 45;
/** Without a daemon and with nothing to fear it ends after this. */
const LINGER_MS = 2000;
const MAX_DAEMONS = 4;

/** The start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), or null when there is none. */
export function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

interface Daemon {
  readonly lines: LineSplitter;
}

class Keeper {
  private biteAtMs: number | null = null;
  private watched: Watched = { groups: [], addresses: [] };
  private lastBite: Bite | null = null;
  private idleSinceMs = bootMs();
  private readonly daemons = new Set<Socket<Daemon>>();

  /** Looks at the clock: bites when it is time. True: nobody needs this keeper any more. */
  look(): boolean {
    const nowMs = bootMs();
    if (this.biteAtMs !== null && nowMs >= this.biteAtMs) {
      this.biteAtMs = null;
      this.lastBite = biteAll(this.watched);
      const { lastBite } = this;
      for (const daemon of this.daemons) tell(daemon, { kind: "bite", bite: lastBite });
    }
    if (this.daemons.size > 0 || this.biteAtMs !== null) this.idleSinceMs = nowMs;
    return nowMs - this.idleSinceMs > LINGER_MS;
  }

  /** A new daemon hears first what is being kept, so that it can go on where the last one ended. */
  open(socket: Socket<Daemon>): void {
    if (this.daemons.size >= MAX_DAEMONS) {
      socket.end();
      return;
    }
    this.daemons.add(socket);
    const { biteAtMs, watched, lastBite } = this;
    tell(socket, { kind: "hello", pid: process.pid, biteAtMs, watched, lastBite });
  }

  close(socket: Socket<Daemon>): void {
    this.daemons.delete(socket);
  }

  /** Whoever says what can't be understood is hung up on: the keeper itself has to live. */
  receive(socket: Socket<Daemon>, bytes: Uint8Array): void {
    for (const line of socket.data.lines.push(bytes)) {
      const order = line.kind === "line" ? readOrder(line.text) : null;
      if (order === null) {
        socket.end();
        return;
      }
      if (order.kind === "feed") this.biteAtMs = order.biteAtMs;
      else this.watched = order.watched;
      tell(socket, { kind: "done", number: order.number });
    }
  }
}

function readOrder(text: string) {
  try {
    return orderSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function tell(socket: Socket<Daemon>, said: KeeperSaid): void {
  socket.write(`${JSON.stringify(said)}\n`);
}

/** Runs until nobody needs it. False: another keeper serves at this socket already, or none can. */
export async function runKeeper(socketPath: string): Promise<boolean> {
  const taken = takeSocketPlace("keeper", socketPath);
  if (!taken.ok) return false;
  becomeDeadlineThread({ name: "ha-keeper", priority: PRIORITY });
  // The signals of a terminal or of a service's stop are for the daemon; this process outlives it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  const { place } = taken;
  const keeper = new Keeper();
  const server = Bun.listen<Daemon>({
    unix: place.temporaryPath,
    socket: {
      open: (socket) => {
        socket.data = { lines: new LineSplitter(LONGEST_KEEPER_LINE) };
        keeper.open(socket);
      },
      data: (socket, bytes) => keeper.receive(socket, bytes),
      close: (socket) => keeper.close(socket),
      error: (socket) => keeper.close(socket),
    },
  });
  // Who can speak here can have any process killed: for this user alone.
  chmodSync(place.temporaryPath, 0o600);
  renameSync(place.temporaryPath, place.path);
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (!keeper.look()) return;
      clearInterval(look);
      resolve();
    }, LOOK_EVERY_MS);
  });
  server.stop(true);
  place.release();
  return true;
}

function biteAll(watched: Watched): Bite {
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
  return { killed, removed, failed };
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

function bootMs(): number {
  return boottimeNs() / 1e6;
}
