import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import type { BindTls, CertificateListEntry } from "../model/tls.ts";
import { applyVersionFlag, TLS_VERSIONS } from "./bind.ts";
import { choicesFor, Line } from "./line.ts";
import { Report } from "./report.ts";
import { splitLine, type Word } from "./words.ts";

/** Lines of one crt-list file. */
const ENTRIES_MAX = 100_000;
const WORDS = [
  "alpn",
  "npn",
  "ca-file",
  "ca-verify-file",
  "ciphers",
  "ciphersuites",
  "crl-file",
  "curves",
  "ecdhe",
  "no-ca-names",
  "ssl-max-ver",
  "ssl-min-ver",
  "verify",
  "allow-0rtt",
];

type OptionsDraft = { -readonly [Key in keyof CertificateListEntry["options"]]: CertificateListEntry["options"][Key] };

/** Reads a crt-list file: `FILE [options in brackets] filters…` (chapter 5.1, crt-list). */
export function parseCrtList(file: string, text: string): Result<readonly CertificateListEntry[]> {
  const report = new Report();
  const entries: CertificateListEntry[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    // Brackets may touch the words inside: `[alpn h2]`.
    const spaced = raw.replace(/\[/g, " [ ").replace(/\]/g, " ] ");
    const { words, problems } = splitLine(spaced, { file, line: index + 1 }, () => undefined);
    for (const problem of problems) report.push(problem);
    const [first] = words;
    if (first === undefined || problems.length > 0) continue;
    if (entries.length >= ENTRIES_MAX) {
      report.add("LB_TOO_MUCH", { what: "certificates in a list", most: ENTRIES_MAX }, first.at);
      break;
    }
    entries.push(readEntry(words, first, report));
  }
  return report.errors.length > 0 ? fail(report.errors) : ok(entries, report.warnings);
}

function readEntry(words: readonly Word[], first: Word, report: Report): CertificateListEntry {
  const line = new Line(words, report);
  const options: OptionsDraft = {};
  const before = report.errors.length;
  let index = 1;
  if (line.text(1) === "[") {
    for (index = 2; index < line.length && line.text(index) !== "]";) index = readOption(line, index, options);
    if (line.text(index) !== "]" && report.errors.length === before)
      line.problem("LB_MISSING_ARGUMENT", { keyword: "crt-list", expected: "a closing ']'", hint: "" }, index);
    index += 1;
  }
  return { certificate: first.text, options, filters: words.slice(index).map((word) => word.text), at: first.at };
}

function readOption(line: Line, index: number, options: OptionsDraft): number {
  const word = line.text(index);
  if (word === "no-ca-names") options.noCaNames = true;
  else if (word === "allow-0rtt")
    line.problem("LB_IGNORED", { keyword: word, means: "early data isn't accepted" }, index);
  else if (applyVersionFlag(options, word)) return index + 1;
  else if (WORDS.includes(word)) return readValue(line, index, word, options);
  else {
    line.problem("LB_UNKNOWN_WORD", { keyword: "crt-list", word, hint: choicesFor(word, WORDS) }, index);
    return line.length;
  }
  return index + 1;
}

function readValue(line: Line, index: number, word: string, options: OptionsDraft): number {
  const value = line.need(index + 1, `crt-list ${word}`, "an argument");
  if (value === undefined) return line.length;
  switch (word) {
    case "alpn":
    case "npn":
      options.alpn = value.split(",");
      break;
    case "ca-file":
      options.caFile = value;
      break;
    case "ca-verify-file":
      options.caVerifyFile = value;
      break;
    case "crl-file":
      options.crlFile = value;
      break;
    case "ciphers":
      options.ciphers = value;
      break;
    case "ciphersuites":
      options.cipherSuites = value;
      break;
    case "curves":
    case "ecdhe":
      options.curves = value;
      break;
    case "ssl-min-ver":
      options.minVersion = line.choice(index + 1, word, TLS_VERSIONS);
      break;
    case "ssl-max-ver":
      options.maxVersion = line.choice(index + 1, word, TLS_VERSIONS);
      break;
    default: {
      const verify: BindTls["verify"] | undefined = line.choice(index + 1, word, ["none", "optional", "required"]);
      if (verify !== undefined) options.verify = verify;
    }
  }
  return index + 2;
}
