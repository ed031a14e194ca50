import { connectFd } from "../connect-fd.ts";
import { setCloseOnExec } from "../ffi/fd.ts";
import { dieWithParent, SIGNAL } from "../ffi/process.ts";
import { CHANNEL_FD, type ChildMessage } from "./channel.ts";
import { ChildSender } from "./child-sender.ts";

/** The child's side: how a daemon process talks with the supervisor that started it. */
export interface SupervisedChild {
  /** False when nobody supervises: every call is then harmless. */
  readonly supervised: boolean;
  /** The descriptor that becomes readable (end of file) when the supervisor is gone, for a Worker's ppoll; or -1. */
  readonly lifeFd: number;
  /** It serves now. */
  ready(status?: string): void;
  /** The line that `systemctl status` shows. */
  status(text: string): void;
  /** What the supervisor's `onChildDeath` shall get if this process dies; small, and no secrets. */
  testament(value: unknown): void;
  /** Announces a step that blocks the main thread: no hang is suspected for so long. */
  busy(forMs: number): void;
  close(): void;
}

export interface ChildHandlers {
  /**
   * The supervisor is gone (killed): nobody would release anything if we died too. Runs once; do what is safe
   * and end the process. Without it the process ends at once with exit code 75 and leaves everything as it is.
   */
  readonly onOrphaned?: () => void;
  /**
   * The kernel kills this process the moment the supervisor is gone, even when it is stopped or hangs. For daemons that
   * are worse alive and alone than dead; `onOrphaned` then never runs.
   */
  readonly dieWithSupervisor?: boolean;
}

const EXIT_ORPHANED = 75;
const NOT_SUPERVISED: SupervisedChild = {
  supervised: false,
  lifeFd: -1,
  ready: () => undefined,
  status: () => undefined,
  testament: () => undefined,
  busy: () => undefined,
  close: () => undefined,
};

/**
 * Connects to the supervisor, and sends beats from the main thread from now on: while the event loop turns, the
 * supervisor knows it. Without a supervisor (started by hand) it does nothing.
 */
export async function joinSupervisor(
  env: Readonly<Record<string, string | undefined>>,
  handlers: ChildHandlers = {},
): Promise<SupervisedChild> {
  const supervisorPid = Number(env["FIVENINES_SUPERVISOR_PID"] ?? "");
  const beatMs = Number(env["FIVENINES_BEAT_MS"] ?? "");
  if (!(supervisorPid > 0) || !(beatMs > 0)) return NOT_SUPERVISED;
  // PR_SET_PDEATHSIG comes too late when the supervisor ended before it: then its child has another parent already.
  if (handlers.dieWithSupervisor === true && !dieWithParent(SIGNAL.KILL, supervisorPid)) process.exit(EXIT_ORPHANED);
  // What this process starts must not hold the channel open after us.
  setCloseOnExec(CHANNEL_FD, true);
  let closed = false;
  const orphaned = () => {
    if (closed) return;
    closed = true;
    clearInterval(timer);
    if (handlers.onOrphaned === undefined) process.exit(EXIT_ORPHANED);
    handlers.onOrphaned();
  };
  const sender = new ChildSender({ write: (bytes) => socket.write(bytes) });
  const socket = await connectFd({
    fd: CHANNEL_FD,
    socket: { data: () => undefined, drain: () => sender.flush(), end: orphaned, close: orphaned, error: orphaned },
  });
  const send = (message: ChildMessage) => {
    if (!closed) sender.send(message);
  };
  send({ kind: "beat" });
  const timer = setInterval(() => {
    send({ kind: "beat" });
  }, beatMs);
  return {
    supervised: true,
    lifeFd: CHANNEL_FD,
    ready: (status) => {
      send(status === undefined ? { kind: "ready" } : { kind: "ready", status });
    },
    status: (text) => {
      send({ kind: "status", text });
    },
    testament: (value) => {
      send({ kind: "testament", value });
    },
    busy: (forMs) => {
      send({ kind: "busy", forMs });
    },
    close() {
      closed = true;
      clearInterval(timer);
      socket.end();
    },
  };
}
