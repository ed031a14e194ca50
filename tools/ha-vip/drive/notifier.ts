/** Tells scripts and FIFOs of changes, one after the other in the order in which they happened. */
import { closeSync, constants, openSync, rmSync, statSync, writeSync } from "node:fs";
import type { FifoSettings, NotifyScript, NotifySettings } from "../model/configuration.ts";
import { runCommand } from "./run-command.ts";

/** A script that hangs must not hold up the news of the next change for ever. */
const SCRIPT_LIMIT_MS = 60_000;
/** Changes that wait for a slow script; older ones are of no use any more. */
const MOST_WAITING = 64;

export type NotifyState = "MASTER" | "BACKUP" | "FAULT" | "STOP" | "DELETED" | "MASTER_RX_LOWER_PRI";

export interface Change {
  readonly kind: "INSTANCE" | "GROUP";
  readonly name: string;
  readonly state: NotifyState;
  readonly priority: number;
}

export interface NotifierHooks {
  readonly onFailed: (change: Change, script: string, detail: string) => void;
}

const SCRIPT_OF: Readonly<Record<NotifyState, Exclude<keyof NotifySettings, "priorityChanges" | "any">>> = {
  MASTER: "master",
  BACKUP: "backup",
  FAULT: "fault",
  STOP: "stop",
  DELETED: "deleted",
  MASTER_RX_LOWER_PRI: "lowerPriority",
};

/** The four words that keepalived appends for `notify` and writes to FIFOs. */
export function changeWords({ kind, name, priority, state }: Change): readonly [string, string, string, string] {
  return [kind, name, state, String(priority)];
}

export class Notifier {
  readonly #queues = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, number>();
  readonly #fifos: OpenFifo[];

  constructor(
    fifos: readonly FifoSettings[],
    private readonly hooks: NotifierHooks,
  ) {
    this.#fifos = fifos.map((settings) => new OpenFifo(settings));
  }

  /** Queues the scripts of a change; those of one router run in order, those of different ones side by side. */
  tell(change: Change, notify: NotifySettings): void {
    for (const fifo of this.#fifos) fifo.write(change);
    const own = notify[SCRIPT_OF[change.state]];
    const scripts: { script: NotifyScript; extra: readonly string[] }[] = [];
    if (own !== undefined) scripts.push({ script: own, extra: [] });
    // The general script isn't for news that are no change of the state.
    if (notify.any !== undefined && change.state !== "MASTER_RX_LOWER_PRI") {
      scripts.push({ script: notify.any, extra: changeWords(change) });
    }
    for (const { extra, script } of scripts) this.#enqueue(change, script, extra);
  }

  /** Only on FIFOs: a new priority. */
  tellPriority(name: string, role: "MASTER" | "BACKUP", priority: number): void {
    for (const fifo of this.#fifos) fifo.writeLine(`INSTANCE "${name}" ${role}_PRIORITY ${priority}\n`);
  }

  /** Waits for the scripts that run, up to a limit. */
  async drain(limitMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, limitMs);
    await Promise.race([Promise.all(this.#queues.values()), late.promise]);
    clearTimeout(timer);
  }

  close(): void {
    for (const fifo of this.#fifos) fifo.close();
  }

  #enqueue(change: Change, script: NotifyScript, extra: readonly string[]): void {
    const key = `${change.kind} ${change.name}`;
    const waiting = this.#waiting.get(key) ?? 0;
    if (waiting >= MOST_WAITING) {
      this.hooks.onFailed(change, script.argv[0] ?? "", `${MOST_WAITING} calls wait already`);
      return;
    }
    this.#waiting.set(key, waiting + 1);
    const before = this.#queues.get(key) ?? Promise.resolve();
    this.#queues.set(
      key,
      before.then(async () => {
        const runAs = script.runAs === undefined ? {} : { runAs: script.runAs };
        const ended = await runCommand([...script.argv, ...extra], { timeoutMs: SCRIPT_LIMIT_MS, ...runAs });
        this.#waiting.set(key, (this.#waiting.get(key) ?? 1) - 1);
        if (ended.code !== 0) this.hooks.onFailed(change, script.argv[0] ?? "", ended.detail);
      }),
    );
  }
}

class OpenFifo {
  #fd = -1;
  #made = false;
  #child: Bun.Subprocess | undefined;

  constructor(private readonly settings: FifoSettings) {
    const { path, script } = settings;
    try {
      if (!isFifo(path)) {
        this.#made = Bun.spawnSync(["mkfifo", "-m", "0600", path]).exitCode === 0;
        const { runAs } = settings;
        if (runAs !== undefined) Bun.spawnSync(["chown", `${runAs.user}:${runAs.group ?? ""}`, path]);
      }
      // For reading too, so that it stays open without a reader.
      this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      if (script !== undefined) {
        this.#child = Bun.spawn([...script.argv, path], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
      }
    } catch {
      // Without a FIFO the address still moves; the status of the file says enough.
      this.#fd = -1;
    }
  }

  write(change: Change): void {
    const [kind, name, state, priority] = changeWords(change);
    this.writeLine(`${kind} "${name}" ${state} ${priority}\n`);
  }

  writeLine(line: string): void {
    if (this.#fd < 0) return;
    try {
      writeSync(this.#fd, line);
    } catch {
      // Nobody reads and the pipe is full: this line is lost, as with keepalived.
    }
  }

  close(): void {
    this.#child?.kill();
    if (this.#fd >= 0) closeSync(this.#fd);
    if (this.#made) rmSync(this.settings.path, { force: true });
  }
}

function isFifo(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}
