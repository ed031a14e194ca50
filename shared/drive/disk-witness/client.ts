import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { LineSplitter } from "../control/lines.ts";
import { boottimeNs } from "../ffi/clock.ts";
import { fromDiskSchema, RELEASE_LINE, type FromDisk } from "./messages.ts";

/**
 * The daemon's end of the process at the witness disk: starts it, hears it, starts it again when it died. A process that hangs
 * is left alone, as nothing can end it; its vote ends by the clock.
 */
export interface DiskVoteClientOptions {
  readonly node: string;
  /** What starts `runVoter` in a process of its own. */
  readonly command: readonly string[];
  /** Until when the disk votes for this node, by CLOCK_BOOTTIME; in the past: it doesn't. Hand it to the heartbeats. */
  readonly onVote: (heldUntilMs: number, epoch: number) => void;
  readonly onReason: (fact: Reason) => void;
}

const RESTART_AFTER_MS = 1000;
/** Silence that is told; an ordinary disk answers within milliseconds. */
const SILENCE_MS = 5000;
const LONGEST_LINE = 64 * 1024;
/** How long an orderly end waits for the disk. */
const RELEASE_LIMIT_MS = 2000;

type Voter = Bun.Subprocess<"pipe", "pipe", "inherit">;

export class DiskVoteClient {
  private voter: Voter | null = null;
  private closed = false;
  private hangs = false;
  private heardMs = bootMs();
  private restart: ReturnType<typeof setTimeout> | null = null;
  private readonly silence = setInterval(() => this.lookAtSilence(), SILENCE_MS / 5);

  constructor(private readonly options: DiskVoteClientOptions) {
    this.start();
  }

  /** The process at the disk, while there is one. */
  get pid(): number | null {
    return this.voter?.pid ?? null;
  }

  private start(): void {
    this.heardMs = bootMs();
    try {
      const voter: Voter = Bun.spawn([...this.options.command], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
      this.voter = voter;
      void this.follow(voter);
    } catch (error) {
      this.onMessage({ kind: "failed", detail: error instanceof Error ? error.message : String(error) });
      this.restart = setTimeout(() => this.start(), RESTART_AFTER_MS);
    }
  }

  private async follow(voter: Voter): Promise<void> {
    const lines = new LineSplitter(LONGEST_LINE);
    for await (const bytes of voter.stdout) {
      for (const line of lines.push(bytes)) {
        const message = line.kind === "line" ? readMessage(line.text) : null;
        if (message !== null) this.onMessage(message);
      }
    }
    await voter.exited;
    this.voter = null;
    if (!this.closed) this.restart = setTimeout(() => this.start(), RESTART_AFTER_MS);
  }

  private onMessage(message: FromDisk): void {
    this.heardMs = bootMs();
    const { node } = this.options;
    if (this.hangs) this.options.onReason(reason(CORE_REASONS, "CORE_DISK_BACK", { node }));
    this.hangs = false;
    switch (message.kind) {
      case "vote":
        this.options.onVote(message.heldUntilMs ?? Number.NEGATIVE_INFINITY, message.epoch);
        break;
      case "facts":
        for (const fact of message.facts) this.options.onReason(fact);
        break;
      case "failed":
        this.options.onReason(reason(CORE_REASONS, "CORE_DISK_UNREACHABLE", { node, detail: message.detail }));
        break;
    }
  }

  private lookAtSilence(): void {
    const silentMs = bootMs() - this.heardMs;
    if (this.hangs || this.voter === null || silentMs < SILENCE_MS) return;
    this.hangs = true;
    this.options.onReason(
      reason(CORE_REASONS, "CORE_DISK_HANGS", { node: this.options.node, silentMs: Math.round(silentMs) }),
    );
  }

  /** Gives the vote back and ends the process; one that hangs is left to its disk. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.silence);
    if (this.restart !== null) clearTimeout(this.restart);
    this.options.onVote(Number.NEGATIVE_INFINITY, 0);
    const { voter } = this;
    if (voter === null) return;
    await voter.stdin.write(`${RELEASE_LINE}\n`);
    await voter.stdin.end();
    await Promise.race([voter.exited, Bun.sleep(RELEASE_LIMIT_MS)]);
    voter.kill("SIGKILL");
    voter.unref();
  }
}

/** Null: nothing that the process says; it may be a word of its runtime. */
function readMessage(text: string): FromDisk | null {
  try {
    return fromDiskSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function bootMs(): number {
  return boottimeNs() / 1e6;
}
