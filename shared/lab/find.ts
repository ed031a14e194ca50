/** Finding the hosts of a lab that another process owns: without any file, through the process table. */
import { readdirSync, readFileSync } from "node:fs";
import type { Target } from "./process.ts";

export interface FoundHost extends Target {
  readonly name: string;
  readonly label: string;
}

/** The first process of a host keeps the environment that its script was started with. */
function readHost(pid: string): FoundHost | undefined {
  try {
    // The numbers in all nested PID namespaces, the innermost last: 1 for the first process of one.
    if (!/^NSpid:\t.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return undefined;
    const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    const value = (name: string) => entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
    const name = value("LAB_NAME");
    if (name === undefined) return undefined;
    return {
      pid: Number(pid),
      name,
      label: value("LAB_LABEL") ?? "",
      mode: value("LAB_MODE") === "user" ? "user" : "root",
    };
  } catch {
    // It ended while we looked, or belongs to somebody else.
    return undefined;
  }
}

/** Hosts of running labs with that label, as far as this user may see them. */
export function findHosts(label: string): FoundHost[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => readHost(pid) ?? []).filter((host) => host.label === label);
}
