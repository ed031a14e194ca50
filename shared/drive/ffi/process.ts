/** Processes and threads: pidfd_open(2), pidfd_send_signal(2), prctl(2), kill(2). */
import { bind, orErrno, orThrow, syscall } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({
  kill: { args: ["i32", "i32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  getppid: { args: [], returns: "i32" },
  signal: { args: ["i32", "u64"], returns: "u64" },
  alarm: { args: ["u32"], returns: "u32" },
});

// Numbers from 424 on are shared by all machines.
const SYS_PIDFD_SEND_SIGNAL = { x64: 424, arm64: 424 };
const SYS_PIDFD_OPEN = { x64: 434, arm64: 434 };
const SYS_GETTID = { x64: 186, arm64: 178 };

const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const PR_SET_NAME = 15;
const PR_SET_NO_NEW_PRIVS = 38;

/** Signal numbers, signal(7): the same on x64 and arm64. */
export const SIGNAL = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABORT: 6,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  TERM: 15,
  CONT: 18,
  STOP: 19,
} as const;

/**
 * A descriptor that stands for a process: it becomes readable when the process ends, and can't come to
 * mean another process. Close-on-exec. -ESRCH when there is no such process, -ENOSYS before Linux 5.3.
 */
export function pidfdOpen(pid: number): number {
  return syscall(SYS_PIDFD_OPEN, pid, 0);
}

/** Sends a signal to the process that the descriptor stands for; 0, or -ESRCH when it has ended. 0 only asks. */
export function pidfdSendSignal(pidfd: number, signal: number): number {
  return syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0);
}

const SIG_IGN = 1n;

/** Nothing happens when these come, also in a program that this one becomes, until it has handlers of its own; signal(2). */
export function ignoreSignals(signals: readonly number[]): void {
  for (const signal of signals) C.signal(signal, SIG_IGN);
}

/** Sends a signal to a process, or to a process group for a negative number; 0 or -errno. */
export function kill(pid: number, signal: number): number {
  return orErrno(C.kill(pid, signal));
}

/** The kernel's number of the calling thread. */
export function threadId(): number {
  return syscall(SYS_GETTID);
}

/**
 * Asks for `signal` when the parent *thread* ends. The parent may already be gone: then 1 (or a
 * subreaper) is the parent, so pass the process expected and act when this returns false.
 */
export function dieWithParent(signal: number, expectedParent: number): boolean {
  orThrow(C.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl PR_SET_PDEATHSIG");
  return C.getppid() === expectedParent;
}

/**
 * The kernel ends this process after so many seconds, whatever its threads do then: for a process that is about to end
 * by itself. alarm(2).
 */
export function endWithin(seconds: number): void {
  C.alarm(seconds);
}

/** The calling thread's name in `ps -L` and `top`; cut at 15 bytes. */
export function setThreadName(name: string): void {
  const text = Memory.cString(name);
  orThrow(C.prctl(PR_SET_NAME, text.address, 0, 0, 0), "prctl PR_SET_NAME");
}

/** No core dump and no debugger of the same user: for processes that hold the cluster key. Throws. */
export function forbidDumps(): void {
  orThrow(C.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl PR_SET_DUMPABLE");
}

/** From here on no program that this thread starts can gain privileges (setuid bits don't count). Throws. */
export function forbidNewPrivileges(): void {
  orThrow(C.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS");
}
