/** One connection to a command socket: its commands, what of them concerns the connection alone, and its time limit. */
import type { Socket } from "bun";
import { parseDuration } from "../../../../shared/text/duration.ts";
import { TRANSFER_COMMAND, type Transfer } from "../transfer.ts";
import type { Level } from "./commands.ts";

/** Bytes of a command with its payload. */
const MOST_COMMAND_BYTES = 1024 * 1024;
/** What a timer of the runtime holds. */
const MOST_TIMEOUT_MS = 2 ** 31 - 1;
/** A command that is answered with nothing at all, not even the empty line. */
const SILENT = "\u0000";
const RANK = { user: 0, operator: 1, admin: 2 } as const;

/** What a command socket is and what it may hand out. */
export interface SessionHost {
  readonly answer: (level: Level, command: string, payload: string | undefined) => string | Promise<string>;
  /** The process's listening sockets, for the process that follows; none where the socket doesn't expose them. */
  readonly transfer: (() => Transfer) | undefined;
}

export class CliSession {
  private text = "";
  private interactive = false;
  private done = false;
  private busy = false;
  /** The other side has said all. */
  private ended = false;
  private closing = false;
  private pending: Buffer | undefined;
  private transfer: Transfer | undefined;
  private timer: Timer | undefined;

  constructor(
    private readonly socket: Socket<CliSession>,
    private readonly host: SessionHost,
    private level: Level,
    private timeoutMs: number,
  ) {
    this.touch();
  }

  /** No word for that long ends it. */
  private touch(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.socket.terminate(), Math.min(this.timeoutMs, MOST_TIMEOUT_MS));
  }

  onClose(): void {
    clearTimeout(this.timer);
  }

  onData(data: Buffer): void {
    this.touch();
    if (this.transfer !== undefined) {
      this.hand(this.transfer.next(this.fd));
      return;
    }
    if (this.done) return;
    this.text += data.toString("latin1");
    if (this.text.length > MOST_COMMAND_BYTES) this.socket.terminate();
    else void this.advance();
  }

  onEnd(): void {
    this.ended = true;
    void this.advance();
  }

  /** The descriptor of the connection; the runtime's types leave it out. */
  private get fd(): number {
    const fd: unknown = Reflect.get(this.socket, "fd");
    return typeof fd === "number" ? fd : -1;
  }

  /** Answers each whole line, one after the other; a payload ends at an empty line. */
  private async advance(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    while (!this.done && !this.closing) {
      const next = this.nextLine();
      if (next === undefined) break;
      await this.line(next.line, next.payload);
    }
    this.busy = false;
    if (this.ended) this.close();
  }

  private nextLine(): { readonly line: string; readonly payload: string | undefined } | undefined {
    const end = this.text.indexOf("\n");
    if (end < 0 && !(this.ended && this.text !== "")) return undefined;
    const line = (end < 0 ? this.text : this.text.slice(0, end)).replace(/\r$/, "");
    let rest = end < 0 ? "" : this.text.slice(end + 1);
    let payload: string | undefined;
    if (/<<\s*$/.test(line)) {
      const stop = rest.startsWith("\n") ? 0 : rest.indexOf("\n\n");
      if (stop < 0 && !this.ended) return undefined;
      payload = stop < 0 ? rest : rest.slice(0, stop);
      rest = stop < 0 ? "" : rest.slice(stop + 2);
    }
    this.text = rest;
    return { line: line.replace(/<<\s*$/, ""), payload };
  }

  private async line(line: string, payload: string | undefined): Promise<void> {
    const wasInteractive = this.interactive;
    for (const command of splitCommands(line)) {
      if (command === TRANSFER_COMMAND) {
        this.startTransfer();
        return;
      }
      const own = this.ownCommand(command) ?? this.host.answer(this.level, command, payload);
      const text = typeof own === "string" ? own : await own;
      if (this.closing) return;
      if (text !== SILENT) this.write(`${text}\n`);
    }
    if (this.interactive) this.write(wasInteractive ? "> " : "\n> ");
    else {
      this.done = true;
      this.close();
    }
  }

  private close(): void {
    this.closing = true;
    this.flush();
  }

  /** The answer, or nothing when it is no command of the connection. */
  private ownCommand(command: string): string | undefined {
    const [first = "", second, third, fourth] = command.split(/\s+/);
    switch (first) {
      case "prompt":
        this.interactive = !this.interactive;
        return SILENT;
      case "quit":
        this.close();
        return SILENT;
      case "operator":
      case "user":
        if (RANK[first] > RANK[this.level]) return "Permission denied\n";
        this.level = first;
        return "";
      case "set":
        if (second !== "timeout") return undefined;
        return third === "cli" ? this.setTimeout(fourth) : "'set timeout' only supports 'cli'.\n";
      default:
        return undefined;
    }
  }

  private setTimeout(text: string | undefined): string {
    const read = parseDuration(text ?? "", { bareUnit: "s" });
    if (!read.ok || read.value === 0) return "Invalid timeout value.\n";
    this.timeoutMs = Math.min(read.value, MOST_TIMEOUT_MS);
    this.touch();
    return "";
  }

  private startTransfer(): void {
    const transfer = this.host.transfer?.();
    this.transfer = transfer;
    this.hand(transfer?.begin(this.fd) ?? false);
  }

  private hand(sent: boolean): void {
    if (sent && this.transfer?.done === false) return;
    // What was sent last stays in the kernel for the other side to take.
    this.done = true;
    this.close();
  }

  private write(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.pending = this.pending === undefined ? bytes : Buffer.concat([this.pending, bytes]);
    this.flush();
  }

  flush(): void {
    if (this.pending !== undefined) {
      const written = Math.max(this.socket.write(this.pending), 0);
      this.pending = written < this.pending.length ? this.pending.subarray(written) : undefined;
    }
    if (this.pending === undefined && this.closing) this.socket.end();
  }
}

/** Commands between `;`; a backslash keeps one, and stays for the reader of the words. */
function splitCommands(line: string): readonly string[] {
  return line
    .split(/(?<!\\);/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
