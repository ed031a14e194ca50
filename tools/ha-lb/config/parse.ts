import { ok, type Result } from "../../../shared/reason/result.ts";
import type { Configuration } from "../model/configuration.ts";
import { finishConfiguration } from "./finish.ts";
import { Line } from "./line.ts";
import type { BuildFacts } from "./preprocessor-condition.ts";
import { Preprocessor } from "./preprocessor.ts";
import { Report } from "./report.ts";
import { Reading } from "./sections.ts";
import { splitLine, type Word } from "./words.ts";

/** A file's name, as the operator gave it, and its text. */
export interface ConfigurationText {
  readonly file: string;
  readonly text: string;
}

export interface ParseOptions {
  /** Of the process, with HAPROXY_* added; only read. */
  readonly environment: ReadonlyMap<string, string>;
  readonly facts?: Pick<BuildFacts, "version" | "features">;
  /** `-dD`: show `.diag` messages. */
  readonly diagnostics?: boolean;
  /** Sees every line that counts: its words, and the text it was cut from. */
  readonly onLine?: (words: readonly Word[], raw: string) => void;
}

/** The release whose language is spoken, and the features that conditions find. */
export const LANGUAGE_VERSION = "2.6.12";
export const FEATURES: ReadonlySet<string> = new Set([
  "OPENSSL",
  "PCRE2",
  "EPOLL",
  "GETADDRINFO",
  "LINUX_SPLICE",
  "NETFILTER",
  "PROMEX",
  "PRCTL",
  "RT",
  "SLZ",
  "SYSTEMD",
  "TFO",
  "THREAD",
  "CRYPT_H",
  "LIBCRYPT",
  "ACCEPT4",
  "POLL",
]);

/** Bytes of one file. */
export const FILE_SIZE_MAX = 64 * 1024 * 1024;

/**
 * Reads configuration files, in order, as one configuration.
 * @returns the model with warnings, or every error of all files (`LB_…`), in the order of the text
 */
export function parseConfiguration(files: readonly ConfigurationText[], options: ParseOptions): Result<Configuration> {
  const report = new Report();
  const reading = new Reading(report, options.environment);
  const { version, features } = options.facts ?? { version: LANGUAGE_VERSION, features: FEATURES };
  const facts: BuildFacts = { version, features, environment: (name) => reading.environment.get(name) };
  for (const file of files) readFile(file, reading, facts, options);
  const configuration = finishConfiguration(reading);
  checkZeroWarning(report, reading.global.zeroWarning);
  if (report.errors.length > 0) return { ok: false, problems: [...report.errors, ...report.warnings] };
  return ok(configuration, report.warnings);
}

/** Warnings that only ha-lb gives don't count: a configuration that is fine for the reference stays fine. */
const OWN_WARNINGS = new Set(["LB_IGNORED", "LB_PLAIN_PASSWORD", "LB_NOTHING_TO_DO"]);

function checkZeroWarning(report: Report, zeroWarning: boolean): void {
  if (zeroWarning && report.warnings.some((warning) => !OWN_WARNINGS.has(warning.code)))
    report.add("LB_ZERO_WARNING", {});
}

function readFile(file: ConfigurationText, reading: Reading, facts: BuildFacts, options: ParseOptions): void {
  const { report } = reading;
  const start = { file: file.file, line: 1, column: 1 };
  if (file.text.length > FILE_SIZE_MAX)
    return report.add("LB_TOO_MUCH", { what: "bytes in a file", most: FILE_SIZE_MAX }, start);
  const preprocessor = new Preprocessor(report, facts, options.diagnostics ?? false);
  const lines = file.text.split("\n");
  const last = lines.at(-1);
  if (last === "") lines.pop();
  else report.add("LB_NO_NEWLINE", {}, { file: file.file, line: lines.length, column: (last?.length ?? 0) + 1 });
  for (const [index, text] of lines.entries()) {
    const number = index + 1;
    if (text.includes("\0")) {
      report.add("LB_NUL_BYTE", {}, { file: file.file, line: number, column: text.indexOf("\0") + 1 });
      break;
    }
    const split = splitLine(text, { file: file.file, line: number }, (name) =>
      pseudoVariable(name, file.file, number, reading),
    );
    const [first] = split.words;
    // Inside a false block, quotes needn't even match: only the directives are looked at.
    if (preprocessor.skipping && !first?.text.startsWith(".")) continue;
    for (const problem of split.problems) report.push(problem);
    if (first === undefined || split.problems.length > 0) continue;
    const line = new Line(split.words, report);
    if (preprocessor.handles(line) || preprocessor.skipping) continue;
    options.onLine?.(split.words, text);
    reading.readLine(line);
  }
  preprocessor.end();
  reading.endFile();
}

function pseudoVariable(name: string, file: string, line: number, reading: Reading): string | undefined {
  switch (name) {
    case ".FILE":
      return file;
    case ".LINE":
      return String(line);
    case ".SECTION":
      return reading.sectionLabel;
    default:
      return reading.environment.get(name);
  }
}
