/**
 * Counts processes of a name. All of /proc is read only when the known ones don't suffice any more, or once a second:
 * looking whether a known process still lives costs one small file.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { CheckTarget } from "../model/configuration.ts";
import { type CheckResult, failed, PASSED } from "./check-runner.ts";

type Target = CheckTarget & { kind: "process" };

const SCAN_EVERY_MS = 1_000;
/** The kernel cuts names at this length (TASK_COMM_LEN less the final zero). */
const NAME_BYTES = 15;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/** Is that process the one that is meant, and no zombie? */
function matches(pid: string, target: Target): boolean {
  if (target.arguments === undefined) {
    const status = read(`/proc/${pid}/stat`);
    if (status === undefined) return false;
    const end = status.lastIndexOf(")");
    const name = status.slice(status.indexOf("(") + 1, end);
    const base = target.name.slice(target.name.lastIndexOf("/") + 1);
    return name === base.slice(0, NAME_BYTES) && status[end + 2] !== "Z";
  }
  const words = read(`/proc/${pid}/cmdline`)?.split("\0").slice(0, -1);
  const wanted = [target.name, ...target.arguments];
  return words?.length === wanted.length && words.every((word, index) => word === wanted[index]);
}

export class ProcessCheck {
  #known: string[] = [];
  #scannedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly target: Target) {}

  run(): CheckResult {
    const { quorum, quorumMost } = this.target;
    this.#known = this.#known.filter((pid) => matches(pid, this.target));
    const now = performance.now();
    if (this.#known.length < Math.max(1, quorum) || now - this.#scannedAtMs >= SCAN_EVERY_MS) {
      this.#scannedAtMs = now;
      this.#known = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && matches(name, this.target));
    }
    const found = this.#known.length;
    if (found < quorum) return failed(`${found} of ${quorum} processes ${this.target.name}`);
    if (quorumMost !== undefined && found > quorumMost) {
      return failed(`${found} processes ${this.target.name}, more than ${quorumMost}`);
    }
    return PASSED;
  }
}
