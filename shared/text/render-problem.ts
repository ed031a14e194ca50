import type { Problem } from "../reason/catalogue.ts";
import { formatPosition } from "./position.ts";
import { lineText, type Source } from "./source.ts";
import { displayWidth, expandTabs, visible } from "./width.ts";

/** A line longer than this is shown as a window around the caret. */
const WIDEST_EXCERPT = 140;

export interface RenderOptions {
  /** The texts that positions point into, by file name. A problem whose file isn't here is shown without excerpt. */
  readonly sources?: readonly Source[];
  readonly colour?: boolean;
  /** Show the code behind the sentence, so that it can be looked up in the reference. Default true. */
  readonly code?: boolean;
}

type Style = "bold" | "dim" | "red" | "yellow" | "cyan" | "green";
const SGR: Readonly<Record<Style, string>> = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" };

/** Wraps a text into a colour when colour is on. */
export function paint(on: boolean, style: Style, text: string): string {
  return on ? `\u001b[${SGR[style]}m${text}\u001b[0m` : text;
}

const SEVERITY_STYLE: Readonly<Record<Problem["severity"], Style>> = {
  info: "cyan",
  notice: "cyan",
  warning: "yellow",
  error: "red",
  critical: "red",
};

/**
 * One problem as people read it:
 *
 *     ha.yaml:3:5: error: unknown key "prioritty" [TEXT_YAML_UNKNOWN_KEY]
 *       3 |     prioritty: 100
 *         |     ^~~~~~~~~
 *       why: …
 *       fix: did you mean "priority"?
 */
export function renderProblem(problem: Problem, options: RenderOptions = {}): string {
  const colour = options.colour ?? false;
  const place = problem.at === undefined ? "" : `${paint(colour, "bold", visible(formatPosition(problem.at)))}: `;
  const severity = paint(colour, SEVERITY_STYLE[problem.severity], `${problem.severity}:`);
  const code = options.code === false ? "" : ` ${paint(colour, "dim", `[${problem.code}]`)}`;
  const lines = [`${place}${severity} ${visible(problem.sentence)}${code}`];
  lines.push(...excerpt(problem, options));
  if (problem.why !== undefined && problem.why !== "") lines.push(`  why: ${visible(problem.why)}`);
  if (problem.fix !== undefined && problem.fix !== "") {
    lines.push(`  ${paint(colour, "green", "fix:")} ${visible(problem.fix)}`);
  }
  return lines.join("\n");
}

function excerpt(problem: Problem, options: RenderOptions): readonly string[] {
  const at = problem.at;
  if (at === undefined) return [];
  const source = options.sources?.find((candidate) => candidate.file === at.file);
  const line = source === undefined ? undefined : lineText(source, at.line);
  if (line === undefined) return [];
  const colour = options.colour ?? false;
  const clean = visible(line);
  const first = Math.min(at.column - 1, clean.length);
  const last = Math.min(first + Math.max(1, at.length ?? 1), clean.length);
  const before = displayWidth(expandTabs(clean.slice(0, first)));
  const underlined = Math.max(1, displayWidth(expandTabs(clean.slice(0, last))) - before);
  const view = windowAround(expandTabs(clean), before, underlined);
  const number = String(at.line).padStart(4);
  const caret = `^${"~".repeat(view.length - 1)}`;
  return [
    `${paint(colour, "dim", `${number} |`)} ${view.text}`.trimEnd(),
    `${paint(colour, "dim", `${" ".repeat(number.length)} |`)} ${" ".repeat(view.start)}${paint(colour, SEVERITY_STYLE[problem.severity], caret)}`,
  ];
}

/** Cuts a very long line so that the caret stays in sight; `start` and `length` are cells. */
function windowAround(text: string, start: number, length: number): { text: string; start: number; length: number } {
  if (displayWidth(text) <= WIDEST_EXCERPT) return { text, start, length };
  const from = Math.max(0, Math.min(start - 30, text.length - WIDEST_EXCERPT));
  const cut = text.slice(from, from + WIDEST_EXCERPT);
  const head = from > 0 ? "…" : "";
  const tail = from + WIDEST_EXCERPT < text.length ? "…" : "";
  const shown = Math.min(length, WIDEST_EXCERPT - (start - from));
  return { text: head + cut + tail, start: start - from + head.length, length: Math.max(1, shown) };
}

/**
 * Order of reading: by file (in the order of `sources`, then by name), line, column; those without a place last.
 * Equal places keep the order in which they were found.
 */
export function sortProblems<Item extends { readonly at?: Problem["at"] }>(
  problems: readonly Item[],
  sources: readonly Source[] = [],
): readonly Item[] {
  const rank = (file: string) => {
    const index = sources.findIndex((source) => source.file === file);
    return index < 0 ? sources.length : index;
  };
  return problems.toSorted((a, b) => {
    if (a.at === undefined || b.at === undefined) return Number(a.at === undefined) - Number(b.at === undefined);
    if (a.at.file !== b.at.file) {
      return rank(a.at.file) - rank(b.at.file) || (a.at.file < b.at.file ? -1 : 1);
    }
    return a.at.line - b.at.line || a.at.column - b.at.column;
  });
}

/** All problems, sorted by place, one empty line between two that have an excerpt. */
export function renderProblems(problems: readonly Problem[], options: RenderOptions = {}): string {
  return sortProblems(problems, options.sources)
    .map((problem) => renderProblem(problem, options))
    .join("\n");
}

/** `2 errors, 1 warning`: the last line of a check. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === "error" || problem.severity === "critical").length;
  const warnings = problems.filter((problem) => problem.severity === "warning").length;
  const count = (amount: number, noun: string) => `${amount} ${noun}${amount === 1 ? "" : "s"}`;
  const parts = [
    ...(errors > 0 ? [count(errors, "error")] : []),
    ...(warnings > 0 ? [count(warnings, "warning")] : []),
  ];
  return parts.length === 0 ? "no problems" : parts.join(", ");
}
