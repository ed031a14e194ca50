/** What the kernel knows of processes: their families, their use of the processor and of memory. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const NS_PER_MS = 1e6;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It has just ended.
    return "";
  }
}

function names(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** A process and all below it, parents first; empty when it has ended. */
export function familyOf(pid: number): readonly number[] {
  const children = names(`/proc/${pid}/task`).flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`)
      .split(" ")
      .filter((word) => word !== "")
      .map(Number),
  );
  return [pid, ...children.flatMap(familyOf)].filter((one) => read(`/proc/${one}/stat`) !== "");
}

/** All processes in the same PID namespace as `pid`, but that one. */
export function neighboursOf(pid: number): readonly number[] {
  const space = (one: string): string => {
    try {
      return readlinkSync(`/proc/${one}/ns/pid`);
    } catch {
      return "";
    }
  };
  const own = space(String(pid));
  return names("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== pid && space(name) === own)
    .map(Number);
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has just ended.
    }
  }
}

/** Processor time that the living threads of these processes have used, ms, exact to the nanosecond. */
export function processorMs(pids: readonly number[]): number {
  let sumNs = 0;
  for (const pid of pids) {
    for (const task of names(`/proc/${pid}/task`)) {
      sumNs += Number(read(`/proc/${pid}/task/${task}/schedstat`).split(" ")[0] ?? 0);
    }
  }
  return sumNs / NS_PER_MS;
}

export interface MemoryUse {
  /** Shared pages counted once, in parts: what ending these processes would free, nearly. */
  readonly proportionalMb: number;
  /** Resident pages, shared ones counted for every process. */
  readonly residentMb: number;
}

export function memoryOf(pids: readonly number[]): MemoryUse {
  let proportionalKb = 0;
  let residentKb = 0;
  for (const pid of pids) {
    const text = read(`/proc/${pid}/smaps_rollup`);
    proportionalKb += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    residentKb += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return { proportionalMb: proportionalKb / 1024, residentMb: residentKb / 1024 };
}

/** IPv4 addresses of the machine that `pid` lives in, read without starting anything. */
export function localAddresses(pid: number): ReadonlySet<string> {
  const found = new Set<string>();
  const text = read(`/proc/${pid}/net/fib_trie`);
  for (const match of text.matchAll(/\|-- (\S+)\n\s+\/32 host LOCAL/g)) found.add(match[1] ?? "");
  return found;
}

/** Multicast packets that the machine of `pid` has taken so far: where a VRRP backup runs, these are adverts. */
export function multicastsReceived(pid: number): number {
  const [names = "", values = ""] = read(`/proc/${pid}/net/netstat`)
    .split("\n")
    .filter((line) => line.startsWith("IpExt:"));
  return Number(values.split(" ")[names.split(" ").indexOf("InMcastPkts")] ?? Number.NaN);
}

/** The hardware address that a machine believes an address to have. */
export function neighbourMac(pid: number, address: string): string | undefined {
  for (const line of read(`/proc/${pid}/net/arp`).split("\n")) {
    const words = line.split(/\s+/);
    if (words[0] === address) return words[3];
  }
  return undefined;
}
