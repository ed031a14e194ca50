/** Being on time: real-time scheduling and code that is never paged out. sched(7), mlock(2). */
import { readFileSync } from "node:fs";
import { bind, orErrno, orThrow, syscall } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({
  setpriority: { args: ["i32", "u32", "i32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
});

const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
const SCHED_RESET_ON_FORK = 0x40000000;
// System call numbers: the musl functions of these names always fail with ENOSYS.
const SYS_SCHED_SETSCHEDULER = { x64: 144, arm64: 119 };
const SYS_MLOCK2 = { x64: 325, arm64: 284 };
const MLOCK_ONFAULT = 1;
/** Lines of proc_pid_maps(5): executable, and with an inode. */
const CODE_FROM_A_FILE = /^([0-9a-f]+)-([0-9a-f]+) r-x\S \S+ \S+ [1-9]\d*/gm;
const PRIO_PROCESS = 0;
const PR_SET_TIMERSLACK = 29;
const PREFERRED_NICE = -15;

const parameter = new Memory(8);

/**
 * Gives the calling *thread* a real-time priority (1 to 99): it runs before every ordinary thread.
 * Children start as ordinary ones (RESET_ON_FORK). 0, or -EPERM without CAP_SYS_NICE / RLIMIT_RTPRIO.
 * Made as a system call, because musl's function of that name always refuses.
 */
export function setRealTime(priority: number): number {
  if (!(priority >= 1 && priority <= 99)) throw new Error(`real-time priority ${priority}: 1 to 99`);
  parameter.i32[0] = priority;
  return syscall(SYS_SCHED_SETSCHEDULER, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, parameter.address);
}

/**
 * Keeps the program's code in memory once it was used, as far as it is mapped now. Its data stay as they are: the
 * engine couldn't give unused memory back any more (madvise(2) refuses locked pages). 0 or -errno.
 */
export function lockProgram(): number {
  let result = 0;
  for (const match of readFileSync("/proc/self/maps", "utf8").matchAll(CODE_FROM_A_FILE)) {
    const [start, end] = [Number.parseInt(match[1] ?? "0", 16), Number.parseInt(match[2] ?? "0", 16)];
    const locked = syscall(SYS_MLOCK2, start, end - start, MLOCK_ONFAULT);
    if (locked < 0) result = locked;
  }
  return result;
}

/** Nice value of the calling thread, -20 (first) to 19 (last); 0 or -errno. */
export function setNice(value: number): number {
  return orErrno(C.setpriority(PRIO_PROCESS, 0, value));
}

/**
 * Lets the calling thread run before ordinary ones whenever it has something to do, by its nice value alone: it can't starve
 * the machine as a real-time thread could. Children and threads made from now on start as ordinary ones (RESET_ON_FORK).
 * 0, or -EACCES without CAP_SYS_NICE / RLIMIT_NICE.
 */
export function preferThread(): number {
  parameter.i32[0] = 0;
  const reset = syscall(SYS_SCHED_SETSCHEDULER, 0, SCHED_OTHER | SCHED_RESET_ON_FORK, parameter.address);
  return reset < 0 ? reset : setNice(PREFERRED_NICE);
}

/** How late the kernel may make this thread's timeouts in order to group wake-ups; the default is 50 000 ns. */
export function setTimerSlackNs(slackNs: number): void {
  orThrow(C.prctl(PR_SET_TIMERSLACK, slackNs, 0, 0, 0), "prctl PR_SET_TIMERSLACK");
}
