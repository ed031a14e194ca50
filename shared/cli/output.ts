import type { Problem } from "../reason/catalogue.ts";
import type { Source } from "../text/source.ts";
import { countProblems, renderProblems } from "../text/render-problem.ts";
import { EXIT, NAGIOS, type ExitCode } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import { renderNagios, type NagiosReport } from "./nagios.ts";
import { renderTable, renderTsv, type Table } from "./table.ts";

export const OUTPUT_FORMATS = ["table", "json", "jsonl", "tsv", "nagios"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Raised when a JSON answer changes in a way that breaks readers. */
export const JSON_SCHEMA = 1;

/** One answer in all forms; give what the command has. `show` picks by the format asked for. */
export interface Answer {
  /** An object gets `schema: 1` in front; a list becomes `items`. Made from `table` when absent. */
  readonly json?: unknown;
  readonly table?: Table;
  /** For people, instead of or after the table; ends with a line end or not. */
  readonly text?: string;
  readonly nagios?: NagiosReport;
}

export interface OutputStyle {
  readonly format: OutputFormat;
  readonly colour: boolean;
  readonly ascii: boolean;
  readonly quiet: boolean;
}

const withLineEnd = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);

/** JSON with its version: `{"schema":1,…}`; a list becomes `items`. */
export function envelope(value: unknown): Record<string, unknown> {
  if (Array.isArray(value)) return { schema: JSON_SCHEMA, items: value };
  if (typeof value === "object" && value !== null) return { schema: JSON_SCHEMA, ...value };
  return { schema: JSON_SCHEMA, value };
}

/** Where a command puts what it has to say: data on stdout, talk on stderr. */
export class Output {
  readonly style: OutputStyle;
  private readonly tool: string;
  private readonly io: CliIo;

  constructor(tool: string, io: CliIo, style: OutputStyle) {
    this.tool = tool;
    this.io = io;
    this.style = style;
  }

  get format(): OutputFormat {
    return this.style.format;
  }

  /** Prints an answer in the format asked for. With `-o nagios` the exit code is the plugin's state. */
  show(answer: Answer, exit: ExitCode = EXIT.ok): ExitCode {
    switch (this.style.format) {
      case "nagios":
        return this.showNagios(answer.nagios);
      case "json":
        this.io.stdout.write(
          `${JSON.stringify(envelope(answer.json ?? answer.table?.rows ?? { text: answer.text }), undefined, 2)}\n`,
        );
        return exit;
      case "jsonl":
        this.showLines(answer);
        return exit;
      case "tsv":
        this.io.stdout.write(answer.table === undefined ? withLineEnd(answer.text ?? "") : renderTsv(answer.table));
        return exit;
      case "table": {
        const room = this.io.stdout.isTerminal ? { columns: this.io.stdout.columns } : {};
        const table =
          answer.table === undefined ? "" : renderTable(answer.table, { colour: this.style.colour, ...room });
        this.io.stdout.write(table + withLineEnd(answer.text ?? ""));
        return exit;
      }
      default:
        return this.style.format satisfies never;
    }
  }

  private showLines(answer: Answer): void {
    const whole = answer.json ?? { text: answer.text };
    const items: readonly unknown[] = Array.isArray(answer.json) ? answer.json : (answer.table?.rows ?? [whole]);
    for (const item of items) this.event(item);
  }

  private showNagios(report: NagiosReport | undefined): ExitCode {
    const shown = report ?? { state: "UNKNOWN" as const, text: "no state to report" };
    this.io.stdout.write(renderNagios(this.tool.toUpperCase(), shown));
    return NAGIOS[shown.state];
  }

  /** One item of a stream: a line of JSON with `json` and `jsonl`, the given text otherwise. */
  event(item: unknown, text?: string): void {
    const machine = this.style.format === "json" || this.style.format === "jsonl" || text === undefined;
    this.io.stdout.write(machine ? `${JSON.stringify(envelope(item))}\n` : withLineEnd(text));
  }

  /** Data as it is: a file, a script. */
  data(text: string): void {
    this.io.stdout.write(text);
  }

  /** Talk for people on stderr; `--quiet` silences it. */
  note(text: string): void {
    if (!this.style.quiet) this.io.stderr.write(withLineEnd(text));
  }

  /**
   * Problems with their places on stderr; as data on stdout with `-o json` and `-o jsonl`; as UNKNOWN for Nagios.
   * @returns `exit` (3 for Nagios), so that a command can end with `return out.problems(…, EXIT.configuration)`
   */
  problems(problems: readonly Problem[], exit: ExitCode, sources: readonly Source[] = []): ExitCode {
    if (this.style.format === "json") {
      this.io.stdout.write(`${JSON.stringify(envelope({ exit, problems }), undefined, 2)}\n`);
      return exit;
    }
    if (this.style.format === "jsonl") {
      for (const problem of problems) this.event(problem);
      return exit;
    }
    if (this.style.format === "nagios") {
      return this.showNagios({ state: "UNKNOWN", text: problems[0]?.sentence ?? "" });
    }
    const text = renderProblems(problems, { sources, colour: this.style.colour });
    this.io.stderr.write(`${text}\n`);
    if (problems.length > 1) this.io.stderr.write(`${this.tool}: ${countProblems(problems)}\n`);
    return exit;
  }
}
