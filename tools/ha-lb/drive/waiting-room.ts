/**
 * Requests that wait for a place, where several workers share the places. A worker whose requests wait looks for free
 * places again and again, since they may become free elsewhere, and lets another worker's request go first that waits
 * longer. Without other workers nothing of this happens.
 */
import type { BackendRuntime, ServerRuntime } from "./runtime.ts";
import type { SharedCounts } from "./shared-counts.ts";
import { nowMs } from "./timer-wheel.ts";

/** How often a worker with waiting requests looks. */
const LOOK_EVERY_MS = 3;
/** A worker that doesn't take its turn, because it is busy or stopped, is passed over after this long. */
const MOST_COURTESY_MS = 20;
/** And for so long then. */
const PASSED_OVER_MS = 1000;

/** Cells of one queue: how many wait in it, and since when the first does. */
export interface QueueCells {
  readonly length: number;
  readonly since: number;
}

interface Waits {
  readonly queuedMs: number;
}

export class WaitingRoom {
  private timer: Timer | undefined;
  /** Since when a place was left to another worker. */
  private courteousSinceMs: number | undefined;
  private passedOverUntilMs = 0;

  constructor(
    private readonly backend: BackendRuntime,
    private readonly counts: SharedCounts,
    private readonly own: QueueCells,
    private readonly servers: ReadonlyMap<ServerRuntime, QueueCells>,
  ) {}

  /** A request began to wait, or a queue changed otherwise. */
  changed(): void {
    const { backend } = this;
    this.write(this.own, backend.queue);
    let waiting = backend.queue.length;
    for (const [server, cells] of this.servers) {
      this.write(cells, server.queue);
      waiting += server.queue.length;
    }
    if (waiting > 0) this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    else if (this.timer !== undefined) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private write(cells: QueueCells, queue: readonly Waits[]): void {
    this.counts.set(cells.length, queue.length);
    const [first] = queue;
    this.counts.set(cells.since, first === undefined ? 0 : stamp(first.queuedMs));
  }

  private look(): void {
    for (const server of this.backend.servers) {
      if (server.queue.length > 0 || (server.usable && this.backend.queue.length > 0)) this.backend.serveQueue(server);
    }
    this.changed();
  }

  /** How many wait for this server, or for any, in all workers. */
  queuedFor(server: ServerRuntime | undefined): number {
    const cells = server === undefined ? this.own : this.servers.get(server);
    if (cells === undefined) return 0;
    const here = (server?.queue ?? this.backend.queue).length;
    return here + this.counts.others(cells.length).reduce((sum, length) => sum + length, 0);
  }

  /** Does a request of another worker wait for a place on `server` for longer than one that came at `queuedMs`? */
  othersFirst(server: ServerRuntime, queuedMs: number): boolean {
    const mine = stamp(queuedMs);
    const isOlder = (since: number): boolean => since !== 0 && ((mine - since) | 0) > 0;
    const cells = this.servers.get(server);
    const older =
      this.counts.others(this.own.since).some(isOlder) ||
      (cells !== undefined && this.counts.others(cells.since).some(isOlder));
    const now = nowMs();
    if (!older || now < this.passedOverUntilMs) {
      this.courteousSinceMs = undefined;
      return false;
    }
    this.courteousSinceMs ??= now;
    if (now - this.courteousSinceMs < MOST_COURTESY_MS) return true;
    this.courteousSinceMs = undefined;
    this.passedOverUntilMs = now + PASSED_OVER_MS;
    return false;
  }
}

/** A moment of this process in milliseconds that all processes count alike; never 0. */
function stamp(atMs: number): number {
  return Math.trunc(performance.timeOrigin + atMs) | 0 || 1;
}
