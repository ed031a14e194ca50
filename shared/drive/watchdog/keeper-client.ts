import type { KeeperOrder, Watched } from "./keeper.ts";

/**
 * The daemon's end of the supervising process. When the daemon dies its pipe ends, and the keeper waits for the last moment
 * it was given, in which a new daemon may come back, start a keeper of its own and take over what runs.
 */
export class KeeperClient {
  private readonly process: Bun.Subprocess<"pipe", "pipe", "inherit">;

  /** `command`: what starts `runKeeper` in a process of its own. `onBite`: it had to kill; one line of JSON says what. */
  constructor(command: readonly string[], onBite: (line: string) => void) {
    this.process = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    void this.read(onBite);
  }

  get pid(): number {
    return this.process.pid;
  }

  private async read(onBite: (line: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of this.process.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onBite(line);
    }
  }

  private async order(order: KeeperOrder): Promise<void> {
    await this.process.stdin.write(`${JSON.stringify(order)}\n`);
    await this.process.stdin.flush();
  }

  /** What is to be killed and taken off. */
  watch(watched: Watched): Promise<void> {
    return this.order({ kind: "watch", watched });
  }

  /** Until when (CLOCK_BOOTTIME, milliseconds) all that may live; null: nothing runs that must die. */
  feed(biteAtMs: number | null): Promise<void> {
    return this.order({ kind: "feed", biteAtMs });
  }

  /** Ends the keeper; it bites first if something still runs on borrowed time. */
  async close(): Promise<void> {
    await this.process.stdin.end();
    await this.process.exited;
  }
}
