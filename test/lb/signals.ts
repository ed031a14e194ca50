import { readFileSync } from "node:fs";

/** The process has a handler for SIGTERM, proc(5): told to end, it ends in an orderly way. False when it is gone. */
export function isHandled(pid: number): boolean {
  try {
    const mask = /^SigCgt:\s+([\da-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & (1n << 14n)) !== 0n;
  } catch {
    return false;
  }
}
