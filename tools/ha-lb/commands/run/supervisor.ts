/**
 * The process of `-W`: it carries no traffic, starts the one that does, and keeps its number for as long as the service
 * lasts. When the program file was replaced it becomes the new program, which starts an engine of its own on the sockets
 * of the engine before.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute, hasEnded } from "../../../../shared/drive/ffi/execute.ts";
import { isCompiled, selfCommand } from "../../../../shared/drive/supervise/self-command.ts";
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { runDirectoryOf } from "../../../../shared/model/paths.ts";
import { VERSION } from "../../../../shared/model/version.ts";
import { z } from "zod";
import { ENGINE, type EngineMessage } from "./engine.ts";
import { HELD_SIGNALS, Lifecycle, type RunRequest, tell, warn } from "./lifecycle.ts";
import { MasterSockets } from "./master-sockets.ts";

const RESTART_AFTER_MS = 500;
const POLL_MS = 200;
/** An engine that isn't ready by then hangs, and is given up; one that can't serve ends by itself. */
const READY_LIMIT_MS = 120_000;
/** Descriptors above it are not handed on. */
const MOST_INHERITED = 1024;
const STATE = "HA_LB_SUPERVISOR_STATE";

const engineSchema = z.object({
  pid: z.number(),
  socket: z.string(),
  startedMs: z.number(),
  /** Reloads that it has seen. */
  reloads: z.number(),
  version: z.string(),
});
export type Engine = z.infer<typeof engineSchema>;

/** What a supervisor tells itself over the change of the program. */
const stateSchema = z.object({
  startedMs: z.number(),
  reloads: z.number(),
  failed: z.number(),
  generation: z.number(),
  current: engineSchema.optional(),
  finishing: z.array(engineSchema),
});
type State = z.infer<typeof stateSchema>;

export class Supervisor {
  private readonly life: Lifecycle;
  private state: State;
  private readonly master: MasterSockets;
  private readonly program = programMark();
  private ending: number | undefined;
  private child: Bun.Subprocess | undefined;
  /** The program that replaces this one is being asked whether it can. */
  private isChanging = false;
  /** Told when the engine has answered a reload. */
  private reloaded: ((message: EngineMessage) => void) | undefined;

  private readonly request: RunRequest;

  constructor(given: RunRequest, masterSocket: string | undefined) {
    const before = given.env[STATE];
    // The processes that the command line names ended under the program before; their numbers may be others' by now.
    this.request = before === undefined ? given : { ...given, finish: [], terminate: [], takeOver: undefined };
    this.life = new Lifecycle(this.request);
    this.state =
      before === undefined
        ? { startedMs: Date.now(), reloads: 0, failed: 0, generation: 0, finishing: [] }
        : stateSchema.parse(JSON.parse(before));
    delete process.env[STATE];
    this.master = new MasterSockets(masterSocket, this);
  }

  get processes(): State {
    return this.state;
  }

  async run(): Promise<ExitCode> {
    const again = this.state.current !== undefined;
    if (!(await this.startEngine(this.state.current)) && !again) return EXIT.error;
    this.master.open();
    this.life.claim();
    const watch = setInterval(() => this.reap(), POLL_MS);
    const code = await this.life.serve({
      stopNow: (exitCode) => this.stop(exitCode, exitCode === EXIT.ok ? "SIGTERM" : "SIGINT"),
      stopSoftly: () => this.stop(EXIT.ok, "SIGUSR1"),
      reload: () => this.reload(),
    });
    clearInterval(watch);
    this.master.close();
    return this.life.exit(code);
  }

  /** Starts an engine, on the sockets of the one before; false, and all as before, when it doesn't come to serve. */
  private async startEngine(before: Engine | undefined): Promise<boolean> {
    const first = this.state.generation === 0;
    this.state.generation += 1;
    const socket = engineSocketPath(this.request.env, this.state.generation);
    const inherited = { ...process.env };
    // systemd hears from the supervisor alone.
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete inherited[name];
    const takeOver = before?.socket ?? (first ? (this.request.takeOver ?? "") : "");
    const ready = Promise.withResolvers<boolean>();
    const child = Bun.spawn([...selfCommand(process.argv.slice(2))], {
      stdio: this.inheritance(),
      env: {
        ...inherited,
        [ENGINE.SOCKET]: socket,
        [ENGINE.FINISH]: String(before?.pid ?? ""),
        [ENGINE.TAKE_OVER]: takeOver,
      },
      ipc: (message: unknown) => {
        if (message === "ready") ready.resolve(true);
        else if (message === "reloaded" || message === "refused") this.reloaded?.(message);
      },
      onExit: () => {
        ready.resolve(false);
        this.gone(child.pid);
      },
    });
    const timer = setTimeout(() => ready.resolve(false), READY_LIMIT_MS);
    const serves = await ready.promise;
    clearTimeout(timer);
    if (!serves) {
      child.kill("SIGKILL");
      rmSync(socket, { force: true });
      return false;
    }
    if (before !== undefined) this.state.finishing.push(before);
    this.child = child;
    this.state.current = { pid: child.pid, socket, startedMs: Date.now(), reloads: 0, version: VERSION };
    return true;
  }

  /** Descriptors that the configuration names go on under their numbers: `bind fd@5`. */
  private inheritance(): ["ignore", "inherit", "inherit", ...(number | "ignore")[]] {
    const { global, proxies } = this.request.configuration;
    const binds = [...global.statsSockets, ...proxies.flatMap((proxy) => proxy.binds)];
    const named = new Set(binds.flatMap(({ address }) => (address.kind === "descriptor" ? [address.descriptor] : [])));
    const highest = Math.min(MOST_INHERITED, Math.max(2, ...named));
    const more = Array.from({ length: highest - 2 }, (_, index) => (named.has(index + 3) ? index + 3 : "ignore"));
    return ["ignore", "inherit", "inherit", ...more];
  }

  /** An engine that this program started has ended. */
  private gone(pid: number): void {
    this.forget(pid);
    if (this.state.current?.pid !== pid) return;
    rmSync(this.state.current.socket, { force: true });
    delete this.state.current;
    if (this.ending !== undefined) return;
    tell(`[ALERT]    (${process.pid}) : process ${pid} ended; another one is started\n`);
    const start = async (): Promise<void> => {
      if (this.ending !== undefined || (await this.startEngine(undefined))) return;
      setTimeout(() => void start(), RESTART_AFTER_MS);
    };
    setTimeout(() => void start(), RESTART_AFTER_MS);
  }

  private forget(pid: number): void {
    for (const one of this.state.finishing) if (one.pid === pid) rmSync(one.socket, { force: true });
    this.state.finishing = this.state.finishing.filter((one) => one.pid !== pid);
  }

  /** Engines that a former program started are known by the kernel alone. */
  private reap(): void {
    const { current } = this.state;
    if (current !== undefined && current.pid !== this.child?.pid && hasEnded(current.pid)) this.gone(current.pid);
    for (const one of this.state.finishing) if (one.pid !== this.child?.pid && hasEnded(one.pid)) this.forget(one.pid);
    if (this.ending !== undefined && this.state.current === undefined && this.state.finishing.length === 0)
      this.life.end(this.ending);
  }

  private stop(code: number, name: NodeJS.Signals): void {
    this.ending = code;
    const { current, finishing } = this.state;
    for (const one of [...(current === undefined ? [] : [current]), ...finishing]) signal(one.pid, name);
  }

  /** Reads the configuration again; when the program file was replaced, by the new program. */
  async reload(): Promise<boolean> {
    const { current } = this.state;
    if (this.ending !== undefined || current === undefined || this.reloaded !== undefined) return false;
    if (programMark() !== this.program) return await this.becomeNext();
    const answered = Promise.withResolvers<EngineMessage>();
    this.reloaded = answered.resolve;
    // An engine of a former program can't answer; it is asked all the same.
    if (this.child?.pid !== current.pid) answered.resolve("reloaded");
    const timer = setTimeout(() => answered.resolve("refused"), READY_LIMIT_MS);
    signal(current.pid, "SIGHUP");
    const good = (await answered.promise) === "reloaded";
    clearTimeout(timer);
    this.reloaded = undefined;
    if (good) current.reloads += 1;
    this.count(good);
    return good;
  }

  private count(good: boolean): void {
    if (good) this.state.reloads += 1;
    else this.state.failed += 1;
  }

  /** The new program must be able to read the configuration before this one gives up its place. */
  private async becomeNext(): Promise<boolean> {
    if (this.isChanging) return false;
    this.isChanging = true;
    const words = this.request.paths.flatMap((path) => ["-f", path]);
    const command = selfCommand(["-c", "-q", ...words]);
    const check = Bun.spawn([...command], { stdio: ["ignore", "ignore", "inherit"], env: process.env });
    const accepts = (await check.exited) === 0;
    this.isChanging = false;
    if (this.ending !== undefined) return false;
    if (!accepts) {
      warn("the new program doesn't accept the configuration: the running one stays");
      this.count(false);
      return false;
    }
    this.count(true);
    this.master.close();
    const [program = process.execPath, ...rest] = selfCommand(process.argv.slice(2));
    const environment: Record<string, string> = { [STATE]: JSON.stringify(this.state) };
    for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] ??= value;
    // IPC to who started the program in the background has ended long ago.
    delete environment["NODE_CHANNEL_FD"];
    // Who asks for a reload meanwhile gets it: the new program reads the configuration anew.
    return execute(program, [program, ...rest], environment, HELD_SIGNALS);
  }
}

/** What tells one program file from the one that replaces it. */
function programMark(): string {
  const marks = [process.execPath, ...(isCompiled() ? [] : [Bun.main])].map((path) => {
    const facts = statSync(path, { throwIfNoEntry: false });
    return facts === undefined ? "" : `${facts.dev}:${facts.ino}:${facts.size}:${facts.mtimeMs}`;
  });
  return marks.join(" ");
}

/** In the tool's own folder, or in one of the user's where that can't be written. */
function engineSocketPath(env: RunRequest["env"], generation: number): string {
  const name = `engine-${process.pid}-${generation}.sock`;
  const folder = join(runDirectoryOf(env), "ha-lb");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    return join(folder, name);
  } catch {
    return join(mkdtempSync(join(tmpdir(), "ha-lb-")), name);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended; it is noticed where all ends are.
  }
}
