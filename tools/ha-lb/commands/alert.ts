import { peerLine } from "../config/peer-text.ts";
import type { Result } from "../../../shared/reason/result.ts";

/** All warnings, or all errors, of reading a configuration, as haproxy prints them. */
export function tellProblems(result: Result<unknown>, write: (text: string) => void): void {
  for (const fact of result.ok ? result.warnings : result.problems) write(`${peerLine(fact, process.pid)}\n`);
  if (!result.ok) write(`[ALERT]    (${process.pid}) : config : Fatal errors found in configuration.\n`);
}
