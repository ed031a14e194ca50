/** The process that does the work under a supervisor (`-W`): what the two tell each other. */
import { dieWithParent, SIGNAL } from "../../../../shared/drive/ffi/process.ts";
import { letGoOfTerminal } from "../../../../shared/drive/supervise/detach.ts";
import { type Bind, plainBind } from "../../model/bind.ts";
import type { RunRequest } from "./lifecycle.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables by which a supervisor tells a process that it is an engine. */
export const ENGINE = {
  /** Path of the command socket on which the supervisor speaks to it. */
  SOCKET: "HA_LB_ENGINE_SOCKET",
  /** The engine before, as its process and its command socket. */
  FINISH: "HA_LB_ENGINE_FINISH",
  TAKE_OVER: "HA_LB_ENGINE_TAKE_OVER",
} as const;

/** What an engine says: it serves, or what became of a reload. */
export type EngineMessage = "ready" | "reloaded" | "refused";

export const isEngine = (env: Environment): boolean => env[ENGINE.SOCKET] !== undefined;

/** What an engine does of what its supervisor was asked to: the pid file and the processes before are not its own. */
export function engineRequest(request: RunRequest): RunRequest {
  const { env } = request;
  if (!isEngine(env)) return request;
  const takeOver = env[ENGINE.TAKE_OVER] ?? "";
  return {
    ...request,
    pidFile: undefined,
    terminate: [],
    finish: (env[ENGINE.FINISH] ?? "").split(" ").filter(Boolean).map(Number),
    takeOver: takeOver === "" ? undefined : takeOver,
  };
}

/** The command socket for the supervisor, which hands out the listening sockets. */
export function engineSockets(env: Environment): readonly Bind[] {
  const path = env[ENGINE.SOCKET];
  if (path === undefined) return [];
  const bind = plainBind({ kind: "unix", path, abstract: false }, path, "supervisor");
  return [{ ...bind, mode: 0o600, level: "admin", exposeListeners: true }];
}

/** Tells the supervisor; without one nobody listens. */
export function tellSupervisor(message: EngineMessage): void {
  if (isEngine(process.env) && process.connected) process.send?.(message);
}

/** An engine whose supervisor is gone finishes its work: nobody would look after it. */
export function serveSupervisor(): void {
  if (!isEngine(process.env)) return;
  letGoOfTerminal(process.env, false);
  // A supervisor that becomes another program closes the channel and stays.
  process.on("disconnect", () => undefined);
  if (!dieWithParent(SIGNAL.USR1, process.ppid)) process.kill(process.pid, "SIGUSR1");
  tellSupervisor("ready");
}
