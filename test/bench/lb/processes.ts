/** What a process and all that it started have used, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, which is 100 on every Linux. */
const CLOCK_TICKS_PER_SECOND = 100;

export function familyOf(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
      .split(" ")
      .filter((text) => text.trim() !== "")
      .map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}

/** User and system time so far. */
export function cpuMs(pid: number): number {
  return familyOf(pid).reduce((sum, one) => {
    const fields = readFileSync(`/proc/${one}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return sum + ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_SECOND;
  }, 0);
}

export interface Memory {
  readonly residentMb: number;
  /** Pages shared with other processes count in part. */
  readonly proportionalMb: number;
}

function rollUp(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1024;
}

export function memoryOf(pids: readonly number[]): Memory {
  return {
    residentMb: pids.reduce((sum, pid) => sum + rollUp(pid, "Rss"), 0),
    proportionalMb: pids.reduce((sum, pid) => sum + rollUp(pid, "Pss"), 0),
  };
}
