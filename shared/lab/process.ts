/** Running commands inside a host's namespaces, and keeping what they print. */
import type { Subprocess } from "bun";
import { readdirSync, readFileSync } from "node:fs";
import { RUN_SCRIPT } from "./scripts.ts";
import { labEnvironment, type LabMode } from "./support.ts";

/** Of each stream the last megabytes are kept; a chatty daemon must not fill the owner's memory. */
export const OUTPUT_LIMIT_BYTES = 4_000_000;
/** A command of `exec` that says nothing else has this long. */
export const EXEC_LIMIT_MS = 60_000;
/**
 * A daemon that a command left behind may hold its output open: after so many looks at it, with nothing new, the output
 * counts as complete. Looks and not a time, since on a busy machine the time may be over before anything was read.
 */
const QUIET_LOOKS = 20;
const LOOK_MS = 5;
/** Whoever goes on printing isn't listened to for ever. */
const LOOK_LIMIT = 200;
/** How long a started command may take to appear in the process table. */
const APPEAR_LIMIT_MS = 30_000;
/** How long `waitForOutput` waits that isn't told. */
const OUTPUT_WAIT_LIMIT_MS = 60_000;

/** A shell command line, or program and arguments without a shell. */
export type Command = string | readonly string[];

export interface RunOptions {
  /** Added to the lab's small environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it starts, inside the host; "/" if absent. */
  readonly cwd?: string;
}

export interface ExecOptions extends RunOptions {
  /** What it reads from standard input. */
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
}

export interface ExecResult {
  /** The exit code; 128 + N after signal N; 124 when the time was up. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Whose namespaces to join: a PID in the owner's view. */
export interface Target {
  readonly pid: number;
  readonly mode: LabMode;
}

export type NamespaceKind = "mount" | "uts" | "ipc" | "net" | "pid";
const ALL_KINDS: readonly NamespaceKind[] = ["mount", "uts", "ipc", "net", "pid"];

/** The argument list that runs `command` in the target's namespaces. */
export function enterCommand(
  target: Target,
  command: Command,
  options: RunOptions & { readonly kinds?: readonly NamespaceKind[] } = {},
): string[] {
  const words = typeof command === "string" ? ["sh", "-c", command] : command;
  const user = target.mode === "user" ? ["--user", "--preserve-credentials"] : [];
  const kinds = (options.kinds ?? ALL_KINDS).map((kind) => `--${kind}`);
  const enter = ["nsenter", "--target", String(target.pid), ...user, ...kinds, "--no-fork", "--"];
  return [...enter, "sh", "-c", RUN_SCRIPT, options.cwd ?? "/", ...words];
}

/** PIDs whose parent is `parent`, from the process table. */
export function childrenOf(parent: number): number[] {
  const found: number[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      // The name in parentheses may hold spaces and parentheses: fields count from the last one.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(fields[1]) === parent) found.push(Number(entry));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Collects a stream as text, the last `OUTPUT_LIMIT_BYTES` of it, and tells who waits for a line. */
class Output {
  #text = "";
  #pieces = 0;
  readonly #watchers = new Set<() => void>();
  readonly ended: Promise<void>;
  readonly #cancel: () => Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    const reader = stream.getReader();
    this.#cancel = () => reader.cancel();
    this.ended = this.#pump(() => reader.read());
  }

  async #pump(read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await read();
      if (done || value === undefined) break;
      this.#pieces += 1;
      this.#text = (this.#text + decoder.decode(value, { stream: true })).slice(-OUTPUT_LIMIT_BYTES);
      for (const watcher of this.#watchers) watcher();
    }
    for (const watcher of this.#watchers) watcher();
  }

  get text(): string {
    return this.#text;
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Waits, once its program has ended, for all that it printed; not for ever when somebody else holds the stream. */
  async drain(): Promise<void> {
    let ended = false;
    void this.ended.then(() => (ended = true));
    let quiet = 0;
    let before = this.#pieces;
    for (let looks = 0; looks < LOOK_LIMIT && quiet < QUIET_LOOKS && !ended; looks += 1) {
      await Promise.race([this.ended, Bun.sleep(LOOK_MS)]);
      quiet = this.#pieces === before ? quiet + 1 : 0;
      before = this.#pieces;
    }
  }

  /** As `drain`, and takes nothing more afterwards. */
  async settle(): Promise<void> {
    await this.drain();
    await this.#cancel().catch(() => undefined);
  }
}

/** A long-running command in a host. */
export class LabProcess {
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #stdout: Output;
  readonly #stderr: Output;
  /** The exit code; 128 + N after signal N. Comes when all that it printed has been taken in. */
  readonly exited: Promise<number>;
  #pid = 0;
  #running = true;

  private constructor(
    readonly command: Command,
    child: Subprocess<"pipe", "pipe", "pipe">,
  ) {
    this.#child = child;
    this.#stdout = new Output(child.stdout);
    this.#stderr = new Output(child.stderr);
    this.exited = child.exited.then(async (code) => {
      this.#running = false;
      await Promise.all([this.#stdout.drain(), this.#stderr.drain()]);
      return code;
    });
  }

  /** Starts a command; resolves when it has a PID. */
  static async start(argv: readonly string[], command: Command, env: Readonly<Record<string, string>>) {
    const child = Bun.spawn([...argv], {
      env: { ...labEnvironment(), ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      // Ctrl-C in the owner's terminal is for the owner alone.
      detached: true,
    });
    const started = new LabProcess(command, child);
    const deadline = performance.now() + APPEAR_LIMIT_MS;
    while (started.#pid === 0 && started.#running && performance.now() < deadline) {
      started.#pid = childrenOf(child.pid)[0] ?? 0;
      if (started.#pid === 0) await Bun.sleep(1);
    }
    // Without its PID no signal could reach it, and whoever waits for its end would wait for ever.
    if (started.#pid === 0 && started.#running) {
      child.kill("SIGKILL");
      throw new Error(`${JSON.stringify(command)} didn't start within ${APPEAR_LIMIT_MS} ms`);
    }
    return started;
  }

  /** The PID as the owner sees it. 0 when the command ended before it could be looked at. */
  get pid(): number {
    return this.#pid;
  }

  get running(): boolean {
    return this.#running;
  }

  /** What it has printed so far (the last `OUTPUT_LIMIT_BYTES`). */
  get stdout(): string {
    return this.#stdout.text;
  }

  get stderr(): string {
    return this.#stderr.text;
  }

  /** Writes to its standard input. */
  async write(text: string): Promise<void> {
    await this.#child.stdin.write(text);
    await this.#child.stdin.flush();
  }

  /** Sends a signal to the command itself (not to its children). Nothing happens when it has ended. */
  signal(name: NodeJS.Signals): void {
    if (!this.#running || this.#pid === 0) return;
    try {
      process.kill(this.#pid, name);
    } catch {
      // It has just ended.
    }
  }

  /** Sends a signal and waits for the end; the exit code. */
  async kill(name: NodeJS.Signals = "SIGKILL"): Promise<number> {
    this.signal(name);
    return this.exited;
  }

  /**
   * Resolves with the first match of `pattern` in what it has printed on either stream, also earlier.
   * Throws with the output when it ends or `timeoutMs` passes without a match.
   */
  async waitForOutput(pattern: RegExp, timeoutMs = OUTPUT_WAIT_LIMIT_MS): Promise<RegExpExecArray> {
    const find = () => pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = find();
      if (match !== null) resolve(match);
    };
    const fail = (why: string): void => {
      const match = find();
      if (match !== null) resolve(match);
      else reject(new Error(`${why} without printing ${pattern}\n${this.stdout}${this.stderr}`));
    };
    const stops = [this.#stdout.watch(look), this.#stderr.watch(look)];
    const timer = setTimeout(() => fail(`${JSON.stringify(this.command)}: ${timeoutMs} ms passed`), timeoutMs);
    void this.exited.then((code) => fail(`${JSON.stringify(this.command)} ended with ${code}`));
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      for (const stop of stops) stop();
    }
  }
}

/** Runs a command to its end. Never throws for a bad exit code. */
export async function execute(
  argv: readonly string[],
  options: ExecOptions & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ExecResult> {
  const child = Bun.spawn([...argv], {
    env: { ...labEnvironment(), ...options.env },
    stdin: options.input === undefined ? "ignore" : new Blob([options.input]),
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  const stdout = new Output(child.stdout);
  const stderr = new Output(child.stderr);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killCommand(child.pid);
  }, options.timeoutMs ?? EXEC_LIMIT_MS);
  const code = await child.exited;
  clearTimeout(timer);
  await Promise.all([stdout.settle(), stderr.settle()]);
  return { code: timedOut ? 124 : code, stdout: stdout.text, stderr: stderr.text };
}

/**
 * Kills the command below one of our shells. The shell is left to collect it: were it killed too, the dead command
 * would wait for the machine's own init, and the host's end would wait with it.
 */
function killCommand(shell: number): void {
  const commands = childrenOf(shell);
  for (const pid of commands.length > 0 ? commands : [shell]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
}
