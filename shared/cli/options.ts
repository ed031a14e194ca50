import type { Reason } from "../reason/catalogue.ts";
import { reason } from "../reason/catalogue.ts";
import { hint } from "../text/did-you-mean.ts";
import { parseDuration } from "../text/duration.ts";
import type { Position } from "../text/position.ts";
import { parseSize } from "../text/size.ts";
import type { OptionSpec, OptionSpecs } from "./command.ts";
import { cliReasons } from "./reasons.ts";

export type OneValue = string | number | boolean;

/** Options that every command has. */
export const GLOBAL_OPTIONS = {
  output: {
    type: "choice",
    short: "o",
    values: ["table", "json", "jsonl", "tsv", "nagios"],
    summary: "form of the answer; a table on a terminal and tsv elsewhere when not given",
    placeholder: "FORMAT",
  },
  "no-color": { type: "flag", summary: "no colour; the variable NO_COLOR does the same", aliases: ["no-colour"] },
  ascii: { type: "flag", summary: "only ASCII signs" },
  yes: { type: "flag", summary: "go on without asking" },
  reason: { type: "string", summary: "why this is done; kept in the log", placeholder: "TEXT" },
  quiet: { type: "flag", short: "q", summary: "say nothing but errors and the answer" },
  help: { type: "flag", short: "h", summary: "explain the command" },
} as const satisfies OptionSpecs;

export function placeholderOf(name: string, spec: OptionSpec): string {
  if (spec.placeholder !== undefined) return spec.placeholder;
  switch (spec.type) {
    case "flag":
      return "";
    case "choice":
      return spec.values.length <= 4 ? spec.values.join("|") : name.toUpperCase();
    case "duration":
      return "TIME";
    case "size":
      return "SIZE";
    case "number":
      return "N";
    case "string":
      return name.toUpperCase().replaceAll("-", "_");
    default:
      return spec satisfies never;
  }
}

/** Reads the text of an option by its type; a coded problem at `at` when it doesn't fit. */
export function readOption(
  name: string,
  spec: OptionSpec,
  text: string,
  at: Position,
): { readonly value: OneValue } | { readonly problem: Reason } {
  const shown = `--${name}`;
  switch (spec.type) {
    case "flag":
      return { value: true };
    case "string":
      return { value: text };
    case "choice":
      if (spec.values.includes(text)) return { value: text };
      return {
        problem: reason(cliReasons, "CLI_VALUE", { value: text, name: shown, hint: hint(text, spec.values) }, at),
      };
    case "number": {
      const least = spec.least ?? (spec.whole === false ? Number.NEGATIVE_INFINITY : 0);
      const most = spec.most ?? Number.MAX_SAFE_INTEGER;
      const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
      const whole = spec.whole !== false;
      if (value >= least && value <= most && (!whole || Number.isInteger(value))) return { value };
      const upper = most === Number.MAX_SAFE_INTEGER ? "" : ` up to ${most}`;
      const range = `${whole ? "a whole number" : "a number"} from ${least}${upper}`;
      return {
        problem: reason(cliReasons, "CLI_NUMBER", { value: text, kind: "a fitting number", name: shown, range }, at),
      };
    }
    case "duration": {
      const outcome = parseDuration(text, { ...spec, at });
      return outcome.ok ? { value: outcome.value } : { problem: outcome.problem };
    }
    case "size": {
      const outcome = parseSize(text, at);
      return outcome.ok ? { value: outcome.value } : { problem: outcome.problem };
    }
    default:
      return spec satisfies never;
  }
}
