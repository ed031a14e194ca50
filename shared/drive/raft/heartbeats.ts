import { Worker } from "node:worker_threads";
import type { Reason } from "../../reason/catalogue.ts";
import { Mailbox } from "../ffi/mailbox.ts";
import { workerUrl } from "../worker-url.ts";
import type {
  FromHeartbeats,
  HeartbeatReport,
  HeartbeatSettings,
  HeartbeatTicket,
  PresenceReport,
  ToHeartbeats,
} from "./heartbeat-messages.ts";

/**
 * The main thread's end of the heartbeats, which run in a deadline Worker of their own. The Worker's entry file belongs to
 * the tool, because it brings the decisions: see `HeartbeatThread`.
 */
export interface HeartbeatOptions<Rules> {
  readonly settings: HeartbeatSettings<Rules>;
  /** The Worker's entry, as a path from the repository's root. */
  readonly worker: string;
  readonly onView: (view: PresenceReport) => void;
  readonly onReason: (fact: Reason) => void;
  /** The thread died: without heartbeats the daemon has to end. */
  readonly onFailure: (error: Error) => void;
}

const ALIVE_EVERY_MS = 200;
/** An option of Bun's Workers that the types of node:worker_threads don't know. */
const SMALL_HEAP = { smol: true };

export class Heartbeats<Rules> {
  private readonly mailbox: Mailbox<ToHeartbeats, FromHeartbeats>;
  private readonly worker: Worker;
  private readonly alive: ReturnType<typeof setInterval>;
  private readonly reports: ((report: HeartbeatReport) => void)[] = [];
  private idle = true;
  /** Whether the thread runs with real-time priority; what the system refused. Null before it runs. */
  thread: { readonly realTime: boolean; readonly refused: readonly string[] } | null = null;
  private stopped: (() => void) | null = null;

  constructor(private readonly options: HeartbeatOptions<Rules>) {
    this.mailbox = new Mailbox((message) => this.onMessage(message));
    const workerData: HeartbeatTicket<Rules> = { mailbox: this.mailbox.ticket, settings: options.settings };
    this.worker = new Worker(workerUrl(options.worker), {
      workerData,
      transferList: [this.mailbox.ticket.port],
      ...SMALL_HEAP,
    });
    this.worker.on("error", (error: Error) => options.onFailure(error));
    this.alive = setInterval(() => this.sayAlive(), ALIVE_EVERY_MS);
  }

  private sayAlive(): void {
    this.mailbox.send({ kind: "alive", idle: this.idle });
  }

  /** Whether this node runs nothing that must die without quorum: the watchdog is then fed whatever happens. */
  setIdle(idle: boolean): void {
    this.idle = idle;
    this.sayAlive();
  }

  /** How fencing that the view asked for ended. */
  fenced(order: { readonly peer: string; readonly sinceMs: number }, done: boolean): void {
    this.mailbox.send({ kind: "fenced", ...order, done });
  }

  /** Ends `wait_for_all`: the operator has seen that the missing nodes are off. */
  cancelWaitForAll(): void {
    this.mailbox.send({ kind: "cancelWaitForAll" });
  }

  /** Until when the witness disk votes for this node, by CLOCK_BOOTTIME; see `DiskVoteClient`. */
  diskVote(heldUntilMs: number): void {
    this.mailbox.send({ kind: "diskVote", heldUntilMs });
  }

  /** Links, counters and watchdog at this moment. */
  report(): Promise<HeartbeatReport> {
    return new Promise((resolve) => {
      this.reports.push(resolve);
      this.mailbox.send({ kind: "report" });
    });
  }

  private onMessage(message: FromHeartbeats): void {
    switch (message.kind) {
      case "ready":
        this.thread = message;
        break;
      case "view":
        this.options.onView(message.view);
        break;
      case "facts":
        for (const fact of message.facts) this.options.onReason(fact);
        break;
      case "report":
        this.reports.shift()?.(message.report);
        break;
      case "stopped":
        this.stopped?.();
        break;
    }
  }

  /** Ends the thread in order. The watchdog is disarmed when this node is idle; else it goes on and bites. */
  async close(): Promise<void> {
    clearInterval(this.alive);
    const ended = new Promise<void>((resolve) => (this.stopped = resolve));
    this.mailbox.send({ kind: "stop" });
    await ended;
    await this.worker.terminate();
    this.mailbox.close();
  }
}
