/** Makes the calling thread one that keeps its deadlines, as far as the system allows. */
import { errnoName } from "./libc.ts";
import { setThreadName } from "./process.ts";
import { lockProgram, setNice, setRealTime, setTimerSlackNs } from "./schedule.ts";

/** What was granted: for the status, so that an operator sees why timing may suffer. */
export interface DeadlineThread {
  /** SCHED_FIFO; without it the thread got the best nice value allowed. */
  readonly realTime: boolean;
  /** Pages of the program's code stay in memory once touched. */
  readonly memoryLocked: boolean;
  /** Names of the refusals, e.g. `SCHED_FIFO: EPERM`. */
  readonly refused: readonly string[];
}

const TIMER_SLACK_NS = 1;
const BEST_NICE = -20;

/**
 * Prepares the calling thread: real-time priority (1 to 99), locked code, exact timers, a name.
 * Never throws for lack of permission: a container without CAP_SYS_NICE or with a small RLIMIT_MEMLOCK
 * still works, only less on time under load.
 */
export function becomeDeadlineThread(options: { readonly name: string; readonly priority: number }): DeadlineThread {
  const refused: string[] = [];
  setThreadName(options.name);
  setTimerSlackNs(TIMER_SLACK_NS);
  const scheduled = setRealTime(options.priority);
  if (scheduled < 0) {
    refused.push(`SCHED_FIFO: ${errnoName(scheduled)}`);
    const nice = setNice(BEST_NICE);
    if (nice < 0) refused.push(`nice ${BEST_NICE}: ${errnoName(nice)}`);
  }
  const locked = lockProgram();
  if (locked < 0) refused.push(`mlock: ${errnoName(locked)}`);
  return { realTime: scheduled >= 0, memoryLocked: locked >= 0, refused };
}
