import type { Socket } from "bun";
import { LineSplitter } from "../control/lines.ts";
import { startTicksOf } from "./keeper.ts";
import {
  LONGEST_KEEPER_LINE,
  saidSchema,
  type Bite,
  type KeeperOrder,
  type KeeperSaid,
  type Watched,
} from "./keeper-messages.ts";

/**
 * The daemon's end of the supervising process. It finds the keeper that an earlier daemon left, or starts one; when the keeper
 * is gone it starts another and hands it all that was in force. While there is none, nothing would stop what runs here
 * if this daemon hung: it has to step down when that lasts.
 */
export interface KeeperClientOptions {
  /** A folder of this user alone must hold it: `/run/TOOL/keeper.sock`. */
  readonly socketPath: string;
  /** What starts `runKeeper` in a process of its own. */
  readonly command: readonly string[];
  /** It had to kill: at once, or (`late`) while no daemon was there to hear of it. */
  readonly onBite: (bite: Bite, late: boolean) => void;
  /** The keeper is gone, and another one is being started. */
  readonly onLost: () => void;
  /** A keeper holds everything that was in force. */
  readonly onKept: (pid: number) => void;
  /** There has been no keeper for `stepDownAfterMs`: stop what runs. */
  readonly onUnguarded: () => void;
  /** Shorter than what is left of a lease when it is renewed in time. */
  readonly stepDownAfterMs: number;
}

const RETRY_MS = 50;
/** A keeper that was started has so long to serve before another one is tried. */
const START_LIMIT_MS = 3000;
/** A keeper that is asked and says nothing for so long is stopped or hangs: it is replaced. */
const ANSWER_LIMIT_MS = 1000;

interface Waiting {
  readonly sentMs: number;
  readonly settle: (inForce: boolean) => void;
}

interface Kept {
  readonly watched: Watched;
  readonly biteAtMs: number | null;
}

export class KeeperClient {
  private socket: Socket | null = null;
  private kept: Kept = { watched: { groups: [], addresses: [] }, biteAtMs: null };
  private readonly waiting = new Map<number, Waiting>();
  /** The keeper that is connected, with its start time: another process may get its number. */
  private keeper: { readonly pid: number; readonly startTicks: string | null } | null = null;
  private nextNumber = 1;
  private startedMs = Number.NEGATIVE_INFINITY;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private stepDown: ReturnType<typeof setTimeout> | null = null;
  private closed = false;
  private guarded = false;

  private constructor(private readonly options: KeeperClientOptions) {}

  /**
   * Connects. `found`: what a keeper that was there already is keeping, from an earlier daemon: feed it again in time, with
   * `watch` for what still runs, or it bites.
   */
  static async open(
    options: KeeperClientOptions,
  ): Promise<{ readonly client: KeeperClient; readonly found: Watched | null }> {
    const client = new KeeperClient(options);
    return await new Promise((resolve) => {
      client.connect((found) => resolve({ client, found }));
    });
  }

  /** A keeper has everything that is in force: a hang of this daemon would end what runs. */
  get isGuarded(): boolean {
    return this.guarded;
  }

  private connect(onFirst: ((found: Watched | null) => void) | null): void {
    if (this.closed) return;
    const lines = new LineSplitter(LONGEST_KEEPER_LINE);
    const startedBefore = this.startedMs > Number.NEGATIVE_INFINITY;
    void Bun.connect({
      unix: this.options.socketPath,
      socket: {
        open: (socket) => {
          this.socket = socket;
        },
        data: (socket, bytes) => {
          for (const line of lines.push(bytes)) {
            const said = line.kind === "line" ? readSaid(line.text) : null;
            if (said === null) {
              // Whatever that is, it is no keeper of ours.
              socket.end();
              return;
            }
            if (said.kind === "bite") this.options.onBite(said.bite, false);
            else if (said.kind === "done") this.onDone(said.number);
            else this.onHello(said, startedBefore, onFirst);
          }
        },
        close: () => this.onGone(),
        error: () => this.onGone(),
      },
    }).catch(() => {
      this.start();
      this.retry = setTimeout(() => this.connect(onFirst), RETRY_MS);
    });
  }

  private start(): void {
    const nowMs = performance.now();
    if (nowMs - this.startedMs < START_LIMIT_MS) return;
    this.startedMs = nowMs;
    try {
      // A session of its own: what is sent to the daemon's group or terminal isn't meant for it.
      const keeper = Bun.spawn([...this.options.command], { stdio: ["ignore", "ignore", "ignore"], detached: true });
      keeper.unref();
    } catch {
      // The next try comes; who needs a guard hears of its lack by then.
    }
  }

  private onHello(
    said: {
      readonly pid: number;
      readonly watched: Watched;
      readonly biteAtMs: number | null;
      readonly lastBite: Bite | null;
    },
    started: boolean,
    onFirst: ((found: Watched | null) => void) | null,
  ): void {
    this.keeper = { pid: said.pid, startTicks: startTicksOf(said.pid) };
    if (said.lastBite !== null) this.options.onBite(said.lastBite, true);
    const inForce = (): void => {
      this.guarded = true;
      this.startedMs = Number.NEGATIVE_INFINITY;
      if (this.stepDown !== null) clearTimeout(this.stepDown);
      this.stepDown = null;
      this.options.onKept(said.pid);
    };
    if (onFirst !== null) {
      inForce();
      onFirst(!started || said.biteAtMs !== null ? said.watched : null);
      return;
    }
    const again = [this.watch(this.kept.watched), this.feed(this.kept.biteAtMs)];
    void Promise.all(again).then((all) => all.every((one) => one) && inForce());
  }

  private onGone(): void {
    if (this.closed || this.socket === null) return;
    this.socket = null;
    this.guarded = false;
    for (const { settle } of this.waiting.values()) settle(false);
    this.waiting.clear();
    this.options.onLost();
    const { onUnguarded, stepDownAfterMs } = this.options;
    this.stepDown ??= setTimeout(onUnguarded, stepDownAfterMs);
    this.connect(null);
  }

  private onDone(number: number): void {
    this.waiting.get(number)?.settle(true);
    this.waiting.delete(number);
  }

  private order(order: KeeperOrder): Promise<boolean> {
    const sentMs = performance.now();
    const oldest = this.waiting.values().next().value;
    if (oldest !== undefined && sentMs - oldest.sentMs > ANSWER_LIMIT_MS) this.replaceKeeper();
    if (this.socket === null) return Promise.resolve(false);
    const { socket } = this;
    return new Promise((settle) => {
      this.waiting.set(order.number, { sentMs, settle });
      socket.write(`${JSON.stringify(order)}\n`);
    });
  }

  /** A stopped keeper guards nothing, and holds its place against the next one. */
  private replaceKeeper(): void {
    const { keeper } = this;
    if (keeper !== null && startTicksOf(keeper.pid) === keeper.startTicks) process.kill(keeper.pid, "SIGKILL");
    this.keeper = null;
    // The end of its socket follows, and brings the next one.
  }

  private takeNumber(): number {
    this.nextNumber += 1;
    return this.nextNumber - 1;
  }

  /**
   * What is to be killed and taken off. Wait for it before anything is started that must be in it. False: no keeper took it;
   * the next one gets it (`onKept`).
   */
  watch(watched: Watched): Promise<boolean> {
    this.kept = { ...this.kept, watched };
    return this.order({ kind: "watch", number: this.takeNumber(), watched });
  }

  /** Until when (CLOCK_BOOTTIME, milliseconds) all that may live; null: nothing runs that must die. */
  feed(biteAtMs: number | null): Promise<boolean> {
    this.kept = { ...this.kept, biteAtMs };
    return this.order({ kind: "feed", number: this.takeNumber(), biteAtMs });
  }

  /** Lets go of the keeper: it ends by itself, after it has bitten if something still runs on borrowed time. */
  close(): void {
    this.closed = true;
    if (this.retry !== null) clearTimeout(this.retry);
    if (this.stepDown !== null) clearTimeout(this.stepDown);
    this.socket?.end();
  }
}

function readSaid(text: string): KeeperSaid | null {
  try {
    return saidSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
