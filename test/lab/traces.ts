/** What a lab's owner has running, and what is left of it afterwards. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { until } from "../../shared/lab/host.ts";
import { childrenOf } from "../../shared/lab/process.ts";

/** The kernel frees namespaces in its own time; on a busy machine that takes a while. */
const GONE_LIMIT_MS = 60_000;

/** A process by number and start time: numbers are used again. Undefined when it is gone or only a zombie. */
function identify(pid: number | string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : `${pid}@${fields[19]}`;
  } catch {
    return undefined;
  }
}

function namespacesOf(pid: number | string): string[] {
  return ["net", "mnt", "pid", "uts", "ipc"].flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${kind}`)];
    } catch {
      return [];
    }
  });
}

function processTree(root: number): number[] {
  return [root, ...childrenOf(root).flatMap(processTree)];
}

/** What the machine itself has: mounts, network cards, firewall tables, named namespaces. */
export function machineState(): Set<string> {
  const lines = [
    ...readFileSync("/proc/self/mountinfo", "utf8").split("\n"),
    ...readdirSync("/sys/class/net").map((card) => `card ${card}`),
    ...Bun.spawnSync(["ip", "netns", "list"]).stdout.toString().split("\n"),
    ...Bun.spawnSync(["nft", "list", "tables"]).stdout.toString().split("\n"),
  ];
  return new Set(lines);
}

export interface Traces {
  readonly processes: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
}

/** Every process and namespace that belongs to the owner and not to the machine. */
export function tracesOf(owner: number): Traces {
  const tree = processTree(owner);
  const own = new Set(namespacesOf("self"));
  return {
    processes: new Set(tree.flatMap((pid) => identify(pid) ?? [])),
    namespaces: new Set(tree.flatMap(namespacesOf).filter((name) => !own.has(name))),
  };
}

/** What is left of them. */
export function leftOver(traces: Traces): string[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => {
    const id = identify(pid);
    if (id === undefined) return [];
    const inside = namespacesOf(pid).some((name) => traces.namespaces.has(name));
    if (!traces.processes.has(id) && !inside) return [];
    return [`${id} ${commandLine(pid)}`];
  });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "(just ended)";
  }
}

/** Waits until nothing of it is left; what is left after a long while, by command line. */
export async function whatRemains(traces: Traces): Promise<string[]> {
  let left: string[] = [];
  await until("all is gone", () => (left = leftOver(traces)).length === 0, GONE_LIMIT_MS).catch(() => undefined);
  return left;
}
