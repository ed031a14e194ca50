import { describe, type Reason } from "../../../shared/reason/catalogue.ts";
import type { Result } from "../../../shared/reason/result.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";

/** One problem as haproxy prints it: `[ALERT]    (pid) : config : parsing [file:line] : …`. */
export function alertLine(fact: Reason, processId: number): string {
  const { severity, sentence, why, fix } = describe(LB_CONFIG_REASONS, fact);
  const isAlert = severity === "error" || severity === "critical";
  const level = isAlert ? "[ALERT]   " : severity === "warning" ? "[WARNING] " : "[NOTICE]  ";
  const where = fact.at === undefined ? "" : `parsing [${fact.at.file}:${fact.at.line}] : `;
  const more = [why, fix].filter((text) => text !== undefined && text !== "").join("; ");
  return `${level} (${processId}) : config : ${where}${sentence}${more === "" ? "" : ` (${more})`}\n`;
}

/** All warnings, or all errors, of reading a configuration. */
export function tellProblems(result: Result<unknown>, write: (text: string) => void): void {
  for (const fact of result.ok ? result.warnings : result.problems) write(alertLine(fact, process.pid));
  if (!result.ok) write(`[ALERT]    (${process.pid}) : config : Fatal errors found in configuration.\n`);
}
