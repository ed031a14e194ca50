/** One `nft` that stays: its table is its own, and the kernel removes it with the last of us, however we end. */
import { TABLE_COMMANDS } from "../../decide/nft/ruleset.ts";

/** A keeper that died is started again after this long; until then our own sockets take the connections. */
const RESTART_AFTER_MS = 5000;
const MOST_ERROR_TEXT = 2000;

export class RuleKeeper {
  private child: Bun.Subprocess<"pipe", "pipe", "pipe"> | undefined;
  private wanted = "";
  private inForce = "";
  private closed = false;

  constructor(private readonly tell: (text: string) => void) {}

  /** Puts rules in force, as one transaction. */
  apply(rules: string): void {
    this.wanted = rules;
    if (this.closed) return;
    this.child ??= this.start();
    if (this.child === undefined || rules === this.inForce) return;
    this.inForce = rules;
    this.say(this.child, rules);
  }

  private say(child: Bun.Subprocess<"pipe", "pipe", "pipe">, line: string): void {
    void child.stdin.write(`${line}\n`);
    void child.stdin.flush();
  }

  private start(): Bun.Subprocess<"pipe", "pipe", "pipe"> | undefined {
    try {
      const child = Bun.spawn(["nft", "-i"], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
      this.inForce = "";
      this.say(child, TABLE_COMMANDS.join("; "));
      for (const output of [child.stdout, child.stderr]) void this.listen(output);
      void child.exited.then(() => this.onExit());
      return child;
    } catch (error) {
      this.tell(`cannot start nft: ${error instanceof Error ? error.message : String(error)}`);
      this.restartLater();
      return undefined;
    }
  }

  /** What it says is a complaint: about a rule, or about its rights. */
  private async listen(output: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of output) {
      const text = decoder.decode(chunk).slice(0, MOST_ERROR_TEXT);
      const complaint = text.split("\n").find((line) => line.includes("Error"));
      if (complaint !== undefined) this.tell(`nft: ${complaint}`);
    }
  }

  private onExit(): void {
    this.child = undefined;
    if (this.closed) return;
    this.tell("nft ended; connections go through this process until it runs again");
    this.restartLater();
  }

  private restartLater(): void {
    setTimeout(() => {
      this.apply(this.wanted);
    }, RESTART_AFTER_MS).unref();
  }

  close(): void {
    this.closed = true;
    void this.child?.stdin.end();
  }
}
