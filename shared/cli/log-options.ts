import { LOG_SEVERITIES } from "../drive/log/record.ts";
import { parseLogTarget, type LogTarget } from "../drive/log/target.ts";
import { describe, reason, type Problem } from "../reason/catalogue.ts";
import { cliReasons } from "./reasons.ts";

/** Options of every command that runs a daemon. */
export const LOG_OPTIONS = {
  log: {
    type: "string",
    repeatable: true,
    placeholder: "TARGET",
    summary: "where log lines go: stderr, json, journal, syslog, syslog:/PATH, udp://ADDRESS:PORT",
  },
  "log-level": {
    type: "choice",
    values: LOG_SEVERITIES,
    default: "info",
    summary: "the least severity that is logged",
  },
} as const;

/** Reads the values of `--log`; none means the one that suits the environment (`openLog` without targets). */
export function readLogTargets(
  words: readonly string[],
):
  | { readonly ok: true; readonly targets: readonly LogTarget[] | undefined }
  | { readonly ok: false; readonly problems: readonly Problem[] } {
  const targets: LogTarget[] = [];
  const problems: Problem[] = [];
  for (const word of words) {
    const outcome = parseLogTarget(word);
    if (outcome.ok) targets.push(outcome.target);
    else
      problems.push(
        describe(cliReasons, reason(cliReasons, "CLI_VALUE", { value: word, name: "--log", hint: outcome.hint })),
      );
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, targets: targets.length === 0 ? undefined : targets };
}
