import { describe, type Problem, type Reason } from "../../../shared/reason/catalogue.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";

const LEVELS: Readonly<Record<Problem["severity"], string>> = {
  info: "[NOTICE]  ",
  notice: "[NOTICE]  ",
  warning: "[WARNING] ",
  error: "[ALERT]   ",
  critical: "[ALERT]   ",
};

/**
 * One problem in the form of `haproxy -c`: `[ALERT]    (pid) : config : parsing [file:line] : sentence; did you
 * mean 'x' maybe ?`.
 */
export function peerLine(fact: Reason, processId: number): string {
  const { severity, sentence, at, data } = describe(LB_CONFIG_REASONS, fact);
  const place = at === undefined ? "" : `parsing [${at.file}:${at.line}] : `;
  return `${LEVELS[severity]} (${processId}) : config : ${place}${sentence}${peerHint(data["hint"])}.`;
}

/** Our "did you mean 'x' or 'y'?" as the reference says it; a list of choices follows as it is. */
function peerHint(hint: unknown): string {
  if (typeof hint !== "string" || hint === "") return "";
  const meant = /^did you mean ('[^']*')/.exec(hint)?.[1];
  return meant === undefined ? `; ${hint}` : `; did you mean ${meant} maybe ?`;
}
