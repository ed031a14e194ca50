/** What is wrong with the files that a configuration names. */
import { reason, type Reason } from "../../../shared/reason/catalogue.ts";
import type { Position } from "../../../shared/text/position.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";

/**
 * Reads a file that a word of the configuration names. What is wrong with it becomes one of `problems`.
 * @returns what `read` gave; undefined when it threw, or there is no path
 */
export function readOrTell<T>(
  at: Position,
  problems: Reason[],
  keyword: string,
  path: string | undefined,
  read: () => T,
): T | undefined {
  if (path === undefined) return undefined;
  try {
    return read();
  } catch (error) {
    const problem = error instanceof Error ? error.message.replace(/, .*$/, "") : String(error);
    problems.push(reason(LB_CONFIG_REASONS, "LB_FILE_UNREADABLE", { keyword, path, problem }, at));
    return undefined;
  }
}
