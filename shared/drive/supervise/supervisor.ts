import type { Socket } from "bun";
import { connectFd } from "../connect-fd.ts";
import { LineSplitter } from "../control/lines.ts";
import { Memory } from "../ffi/memory.ts";
import { MESSAGE, receive } from "../ffi/socket.ts";
import { afterDeath, DEFAULT_BACKOFF, NO_DEATHS, type Backoff, type BackoffLimits } from "./backoff.ts";
import { LONGEST_MESSAGE, readChildMessage } from "./channel.ts";
import { scrubbed } from "./environment.ts";
import { beat, checkHang, startHangWatch, type HangWatch } from "./hang.ts";
import { serviceNotifier, type ServiceNotifier } from "./notify.ts";

/** How a child ended. */
export interface ChildDeath {
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Had it said that it is ready? */
  readonly wasReady: boolean;
  /** Did we kill it because it gave no sign of life? */
  readonly hung: boolean;
  /** The last testament it left; see `SupervisedChild.testament`. */
  readonly testament: unknown;
  readonly ranMs: number;
}

/** What the supervisor has to say; the caller turns it into log lines. */
export type SupervisorEvent =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "ready"; readonly pid: number }
  | { readonly kind: "hung"; readonly pid: number; readonly silentMs: number }
  | { readonly kind: "died"; readonly death: ChildDeath; readonly restartInMs: number | undefined }
  | { readonly kind: "start-failed"; readonly detail: string; readonly restartInMs: number }
  | { readonly kind: "stopping"; readonly signal: string }
  | { readonly kind: "killed-after-deadline"; readonly pid: number }
  | { readonly kind: "hook-failed"; readonly detail: string };

export interface SupervisorSpec {
  /** The child's command line, as `selfCommand` gives it. */
  readonly command: readonly string[];
  readonly onEvent?: (event: SupervisorEvent) => void;
  /**
   * Runs at once when the child is gone: release what must not stay (send priority 0, remove addresses). The next
   * start waits for it, up to `hookLimitMs`. Not called for an orderly stop that ended with exit code 0.
   */
  readonly onChildDeath?: (death: ChildDeath) => void | Promise<void>;
  readonly hookLimitMs?: number;
  readonly backoff?: BackoffLimits;
  /** Silence of the child that counts as a hang; it is killed then. Beats come every fifth of it. */
  readonly hangAfterMs?: number;
  /** Time for an orderly stop before SIGKILL. */
  readonly stopLimitMs?: number;
  /** Time until the child must be ready; for ever when absent. */
  readonly readyLimitMs?: number;
  /** Exit codes before readiness that no restart can mend: wrong usage, configuration, permission. */
  readonly finalExits?: readonly number[];
  /** Signals passed on to the child besides the stop signals. */
  readonly forward?: readonly NodeJS.Signals[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly notifier?: ServiceNotifier;
}

export const DEFAULT_HANG_AFTER_MS = 5000;
export const DEFAULT_STOP_LIMIT_MS = 10_000;
const DEFAULT_HOOK_LIMIT_MS = 2000;
const DEFAULT_FINAL_EXITS = [64, 65, 77] as const;
const DEFAULT_FORWARD: readonly NodeJS.Signals[] = ["SIGHUP", "SIGUSR1", "SIGUSR2"];
/** Silence before the first sign of life that counts as a hang: starting takes long on a host that is busy. */
export const FIRST_BEAT_LIMIT_MS = 15_000;
/** Beats per hang time. */
const BEATS_PER_HANG = 5;

/** How much is read at a time, and how often, from the channel of a child that died. */
const LAST_WORDS_BYTES = 64 * 1024;
const MOST_LAST_WORDS = 16;

interface Running {
  readonly process: Bun.Subprocess;
  readonly startedMs: number;
  readonly lines: LineSplitter;
  channel: Socket | undefined;
  watch: HangWatch;
  heard: boolean;
  ready: boolean;
  hung: boolean;
  testament: unknown;
}

/** Starts a child, watches it, and starts it again; see docs/supervision.md. */
export class Supervisor {
  readonly #spec: SupervisorSpec;
  readonly #notifier: ServiceNotifier;
  readonly #hangAfterMs: number;
  readonly #checkEveryMs: number;
  #child: Running | undefined;
  #backoff: Backoff = NO_DEATHS;
  #stopping = false;
  #hookRuns = false;
  #restartTimer: Timer | undefined;
  #killTimer: Timer | undefined;
  #checkTimer: Timer | undefined;
  #watchdogTimer: Timer | undefined;
  #finish: (code: number) => void = () => undefined;
  readonly #signalHandlers = new Map<NodeJS.Signals, () => void>();

  constructor(spec: SupervisorSpec) {
    this.#spec = spec;
    this.#notifier = spec.notifier ?? serviceNotifier(spec.env ?? process.env, process.pid);
    this.#hangAfterMs = spec.hangAfterMs ?? DEFAULT_HANG_AFTER_MS;
    this.#checkEveryMs = this.#hangAfterMs / BEATS_PER_HANG;
  }

  /** The child's number while there is one. */
  get childPid(): number | undefined {
    return this.#child?.process.pid;
  }

  /** Runs until the child has ended for good; gives the exit code for our own process. */
  async run(): Promise<number> {
    const finished = new Promise<number>((resolve) => {
      this.#finish = resolve;
    });
    this.#takeSignals();
    this.#checkTimer = setInterval(() => {
      this.#check();
    }, this.#checkEveryMs);
    const everyMs = this.#notifier.watchdogEveryMs;
    if (everyMs !== undefined) {
      this.#watchdogTimer = setInterval(() => {
        // systemd hears from us only while somebody does the work or is about to.
        if (this.#child === undefined || !this.#child.hung) this.#notifier.watchdog();
      }, everyMs);
    }
    this.#start();
    const code = await finished;
    clearInterval(this.#checkTimer);
    clearInterval(this.#watchdogTimer);
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#killTimer);
    for (const [signal, handler] of this.#signalHandlers) process.removeListener(signal, handler);
    return code;
  }

  /** Ends the child in order; a second call, or the deadline, kills it. */
  stop(signal = "SIGTERM"): void {
    const child = this.#child;
    if (this.#stopping) {
      child?.process.kill("SIGKILL");
      return;
    }
    this.#stopping = true;
    this.#spec.onEvent?.({ kind: "stopping", signal });
    this.#notifier.stopping();
    clearTimeout(this.#restartTimer);
    if (child === undefined) {
      // A hook that is still releasing things ends the run itself.
      if (!this.#hookRuns) this.#finish(0);
      return;
    }
    child.process.kill("SIGTERM");
    this.#killTimer = setTimeout(() => {
      this.#spec.onEvent?.({ kind: "killed-after-deadline", pid: child.process.pid });
      child.process.kill("SIGKILL");
    }, this.#spec.stopLimitMs ?? DEFAULT_STOP_LIMIT_MS);
  }

  #takeSignals(): void {
    const handle = (signal: NodeJS.Signals, act: () => void) => {
      this.#signalHandlers.set(signal, act);
      process.on(signal, act);
    };
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      handle(signal, () => {
        this.stop(signal);
      });
    }
    for (const signal of this.#spec.forward ?? DEFAULT_FORWARD) {
      handle(signal, () => {
        this.#child?.process.kill(signal);
      });
    }
  }

  #start(): void {
    const startedMs = performance.now();
    const lines = new LineSplitter(LONGEST_MESSAGE);
    const inherited = this.#spec.env ?? process.env;
    const env = scrubbed(inherited, {
      FIVENINES_SUPERVISOR_PID: String(process.pid),
      FIVENINES_BEAT_MS: String(this.#checkEveryMs),
    });
    // These speak to the supervisor; a child that used them would confuse systemd.
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[name];
    let child: Running;
    try {
      const started = Bun.spawn([...this.#spec.command], {
        stdio: ["inherit", "inherit", "inherit", "pipe"],
        argv0: this.#spec.command[0] === process.execPath ? process.argv0 : (this.#spec.command[0] ?? ""),
        env,
        onExit: (_process, exitCode) => {
          this.#ended(child, exitCode);
        },
      });
      child = {
        process: started,
        startedMs,
        lines,
        channel: undefined,
        watch: startHangWatch(startedMs),
        heard: false,
        ready: false,
        hung: false,
        testament: undefined,
      };
    } catch (error) {
      this.#startFailed(error);
      return;
    }
    this.#child = child;
    this.#spec.onEvent?.({ kind: "started", pid: child.process.pid });
    const fd = child.process.stdio[3];
    if (typeof fd !== "number") throw new Error("the runtime gave no channel to the child");
    void this.#listen(child, fd);
  }

  async #listen(child: Running, fd: number): Promise<void> {
    child.channel = await connectFd({
      fd,
      socket: {
        data: (_socket, chunk) => {
          for (const event of child.lines.push(chunk)) if (event.kind === "line") this.#message(child, event.text);
        },
        // The end of the channel means nothing by itself: the exit of the process does.
        error: () => undefined,
      },
    });
  }

  #message(child: Running, text: string): void {
    child.heard = true;
    child.watch = beat(child.watch, performance.now());
    const message = readChildMessage(text);
    switch (message?.kind) {
      case undefined:
      case "beat":
        return;
      case "ready":
        if (child.ready) return;
        child.ready = true;
        this.#notifier.ready(message.status);
        this.#spec.onEvent?.({ kind: "ready", pid: child.process.pid });
        return;
      case "status":
        this.#notifier.status(message.text);
        return;
      case "testament":
        child.testament = message.value;
        return;
      case "busy":
        child.watch = beat(child.watch, performance.now() + message.forMs);
        return;
      default:
        message satisfies never;
    }
  }

  /** What the child said just before it died is still in the channel; the news of its death may come first. */
  #readLast(child: Running): void {
    const fd = child.process.stdio[3];
    if (typeof fd !== "number" || child.channel === undefined) return;
    const memory = new Memory(LAST_WORDS_BYTES);
    for (let round = 0; round < MOST_LAST_WORDS; round += 1) {
      const count = receive(fd, memory, 0, memory.byteLength, MESSAGE.DONT_WAIT);
      if (count <= 0) return;
      for (const event of child.lines.push(memory.bytes(0, count))) {
        if (event.kind === "line") this.#message(child, event.text);
      }
    }
  }

  #check(): void {
    const child = this.#child;
    if (child === undefined || child.hung) return;
    const nowMs = performance.now();
    const hangAfterMs = child.heard ? this.#hangAfterMs : Math.max(this.#hangAfterMs, FIRST_BEAT_LIMIT_MS);
    const limits = { checkEveryMs: this.#checkEveryMs, hangAfterMs };
    const { watch, hangs, silentMs } = checkHang(child.watch, limits, nowMs);
    child.watch = watch;
    const readyLimitMs = this.#spec.readyLimitMs ?? Number.POSITIVE_INFINITY;
    if (!hangs && (child.ready || nowMs - child.startedMs <= readyLimitMs)) return;
    child.hung = true;
    this.#spec.onEvent?.({ kind: "hung", pid: child.process.pid, silentMs });
    // SIGKILL ends a stopped process too; nothing softer does.
    child.process.kill("SIGKILL");
  }

  #ended(child: Running, exitCode: number | null): void {
    this.#readLast(child);
    child.channel?.end();
    this.#child = undefined;
    const { signalCode } = child.process;
    clearTimeout(this.#killTimer);
    const death: ChildDeath = {
      pid: child.process.pid,
      exitCode,
      signal: signalCode === null ? null : String(signalCode),
      wasReady: child.ready,
      hung: child.hung,
      testament: child.testament,
      ranMs: performance.now() - child.startedMs,
    };
    const orderly = exitCode === 0 && death.signal === null;
    const isFinal =
      !child.ready && exitCode !== null && (this.#spec.finalExits ?? DEFAULT_FINAL_EXITS).includes(exitCode);
    const forGood = this.#stopping || orderly || isFinal;
    const next = afterDeath(this.#backoff, death.ranMs, this.#spec.backoff ?? DEFAULT_BACKOFF);
    this.#backoff = next.backoff;
    this.#spec.onEvent?.({ kind: "died", death, restartInMs: forGood ? undefined : next.waitMs });
    // A child that has no handler for the SIGTERM that we sent did what it was asked to.
    const asAsked = this.#stopping && death.signal === "SIGTERM";
    void this.#afterHook(orderly ? undefined : death, forGood, next.waitMs, exitCode ?? (asAsked ? 0 : 1));
  }

  async #afterHook(death: ChildDeath | undefined, forGood: boolean, waitMs: number, exitCode: number): Promise<void> {
    const stoppedBefore = this.#stopping;
    if (death !== undefined) await this.#runHook(death);
    if (this.#stopping && !stoppedBefore) this.#finish(0);
    else if (forGood) this.#finish(exitCode);
    else this.#restartTimer = setTimeout(() => this.#start(), waitMs);
  }

  async #runHook(death: ChildDeath): Promise<void> {
    const limitMs = this.#spec.hookLimitMs ?? DEFAULT_HOOK_LIMIT_MS;
    this.#hookRuns = true;
    let timer: Timer | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`took longer than ${limitMs} ms`));
      }, limitMs);
    });
    try {
      await Promise.race([this.#spec.onChildDeath?.(death), late]);
    } catch (error) {
      this.#spec.onEvent?.({ kind: "hook-failed", detail: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#hookRuns = false;
      clearTimeout(timer);
    }
  }

  #startFailed(error: unknown): void {
    const next = afterDeath(this.#backoff, 0, this.#spec.backoff ?? DEFAULT_BACKOFF);
    this.#backoff = next.backoff;
    const detail = error instanceof Error ? error.message : String(error);
    this.#spec.onEvent?.({ kind: "start-failed", detail, restartInMs: next.waitMs });
    if (this.#stopping) this.#finish(1);
    else this.#restartTimer = setTimeout(() => this.#start(), next.waitMs);
  }
}
