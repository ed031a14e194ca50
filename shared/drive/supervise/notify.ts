import { UnixDatagram } from "../log/unix-datagram.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Tells systemd how we are, sd_notify(3). Without NOTIFY_SOCKET every call does nothing. */
export interface ServiceNotifier {
  /** `READY=1`, with a line for `systemctl status`. */
  ready(status?: string): void;
  status(text: string): void;
  /** The configuration is read again (Type=notify-reload). `ready` ends it. */
  reloading(nowUs: number): void;
  stopping(): void;
  /** A sign of life for WatchdogSec=. */
  watchdog(): void;
  /** How often `watchdog` should be called; undefined when systemd doesn't ask for it. */
  readonly watchdogEveryMs: number | undefined;
}

/** Half of WATCHDOG_USEC, as sd_watchdog_enabled(3) advises; only when it is meant for this process. */
export function watchdogEveryMs(env: Environment, pid: number): number | undefined {
  const us = Number(env["WATCHDOG_USEC"] ?? "");
  const forPid = env["WATCHDOG_PID"] ?? "";
  if (!Number.isFinite(us) || us <= 0 || (forPid !== "" && Number(forPid) !== pid)) return undefined;
  return us / 2000;
}

/** Line ends inside a value would start another assignment. */
const oneLine = (text: string) => text.replace(/[\r\n]+/g, " ");

export function serviceNotifier(env: Environment, pid: number): ServiceNotifier {
  const path = env["NOTIFY_SOCKET"] ?? "";
  const usable = path.startsWith("/") || path.startsWith("@");
  const datagram = usable ? new UnixDatagram(path) : undefined;
  const send = (...fields: readonly string[]) => {
    // A full queue or a manager that restarts is no reason to stop serving: the next message says it again.
    datagram?.send(fields.join("\n"));
  };
  return {
    ready(status) {
      send("READY=1", `MAINPID=${pid}`, ...(status === undefined ? [] : [`STATUS=${oneLine(status)}`]));
    },
    status(text) {
      send(`STATUS=${oneLine(text)}`);
    },
    reloading(nowUs) {
      send("RELOADING=1", `MONOTONIC_USEC=${Math.round(nowUs)}`);
    },
    stopping() {
      send("STOPPING=1");
    },
    watchdog() {
      send("WATCHDOG=1");
    },
    watchdogEveryMs: datagram === undefined ? undefined : watchdogEveryMs(env, pid),
  };
}
