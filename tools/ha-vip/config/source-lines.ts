/**
 * The text before the blocks: included files, lines for one host only (`@host`), and parameters (`$NAME=value`), as
 * keepalived.conf(5) describes them. Files come through a reader that the caller gives.
 */
import { lookUp } from "../../../shared/text/lookup.ts";
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { dirname, isAbsolute, join } from "node:path";
import { configReasons } from "../model/config-reasons.ts";

export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** Gives the files that a pattern names, or why it can't. */
export type IncludeReader = (pattern: string) => readonly SourceText[] | string;

export interface LineOptions {
  readonly include?: IncludeReader;
  /** What `@` lines are compared with; keepalived's option -i, the host's name by default. */
  readonly configId?: string;
}

/** One line of text that counts, and where it came from. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  /** Parameters were put in: columns are those of the result and mean nothing in the file. */
  readonly replaced: boolean;
}

const DEEPEST_INCLUDE = 16;
const MOST_FILES = 1000;
const MOST_LINES = 200_000;
const DEEPEST_PARAMETER = 32;
const LONGEST_TEXT = 4_000_000;

const INCLUDE = /^\s*include([armwb]?)\s+(\S.*?)\s*$/;
const DEFINITION = /^\s*\$([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;
const USE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)(?=\s|$)/g;
/** Letters that a parameter puts in without beginning a comment: they stand here until the words are made. */
const STAND_INS: Readonly<Record<string, string>> = { _HASH: "\uE023", _BANG: "\uE021" };

/** Puts the letters back for which `_HASH` and `_BANG` stand. */
export function withoutStandIns(text: string): string {
  return text.replaceAll(STAND_INS["_HASH"] ?? "", "#").replaceAll(STAND_INS["_BANG"] ?? "", "!");
}

const SEQUENCE = /~(SEQ|LST)\(/;

export class LineReader {
  readonly #lines: SourceLine[] = [];
  readonly #parameters = new Map<string, string>();
  #files = 0;
  #full = false;
  /** Letters that parameters have made: two that name each other twice would double them without end. */
  #replacedLetters = 0;

  constructor(
    private readonly options: LineOptions,
    private readonly problems: Reason[],
  ) {}

  read(file: string, text: string): readonly SourceLine[] {
    this.#readFile(file, text, 0);
    return this.#lines;
  }

  #readFile(file: string, text: string, depth: number): void {
    this.#files += 1;
    const at = { file, line: 1, column: 1 };
    if (text.length > LONGEST_TEXT) {
      this.problems.push(reason(configReasons, "VIP_CONF_TOO_BIG", { most: LONGEST_TEXT }, at));
      return;
    }
    const lines = text.split(/\r?\n/);
    for (let index = 0; index < lines.length && !this.#full; index += 1) {
      const line = lines[index] ?? "";
      const included = INCLUDE.exec(line);
      if (included !== null) {
        this.#include(file, index + 1, included[1] ?? "", included[2] ?? "", depth);
        continue;
      }
      const started = index;
      let whole = line;
      // A definition of several lines: each but the last ends with a backslash.
      while (DEFINITION.test(lines[started] ?? "") && /\\\s*$/.test(whole) && index + 1 < lines.length) {
        index += 1;
        whole = `${whole.replace(/\\\s*$/, "")}\n${lines[index] ?? ""}`;
      }
      this.#take({ file, line: started + 1, text: whole, replaced: false }, 0);
    }
  }

  #include(file: string, line: number, kind: string, word: string, depth: number): void {
    const name = word.replace(/^"(.*)"$/, "$1");
    const at = { file, line, column: 1 };
    const pattern = isAbsolute(name) ? name : join(dirname(file), name);
    const fail = (detail: string): void => {
      this.problems.push(reason(configReasons, "VIP_CONF_UNREADABLE", { path: pattern, detail }, at));
    };
    if (this.options.include === undefined) {
      fail("files can't be included here");
      return;
    }
    if (depth >= DEEPEST_INCLUDE || this.#files >= MOST_FILES) {
      if (!this.#full)
        fail(depth >= DEEPEST_INCLUDE ? "files include each other too deeply" : `more than ${MOST_FILES} files`);
      this.#full = true;
      return;
    }
    const found = this.options.include(pattern);
    if (typeof found === "string") fail(found);
    else if (found.length === 0 && kind !== "r") {
      this.problems.push(reason(configReasons, "VIP_CONF_INCLUDE_NOTHING", { path: pattern }, at));
    } else for (const source of found) this.#readFile(source.file, source.text, depth + 1);
  }

  /** One line: a definition, a line for some host, or text; parameters are put in when it is used. */
  #take(source: SourceLine, depth: number): void {
    if (this.#lines.length >= MOST_LINES || depth > DEEPEST_PARAMETER || this.#replacedLetters > LONGEST_TEXT) {
      if (!this.#full) {
        const at = { file: source.file, line: source.line, column: 1 };
        this.problems.push(reason(configReasons, "VIP_CONF_ENDLESS", { most: MOST_LINES }, at));
      }
      this.#full = true;
      return;
    }
    const condition = /^(\s*)@(\^?)(\S+)(.*)$/s.exec(source.text);
    if (condition !== null) {
      const [, indent = "", not = "", id = "", rest = ""] = condition;
      const same = id === (this.options.configId ?? "");
      // Blanks stand where the condition was, so that columns stay true.
      const blank = " ".repeat(indent.length + 1 + not.length + id.length);
      if (same !== (not === "^")) this.#take({ ...source, text: blank + rest }, depth + 1);
      return;
    }
    const definition = DEFINITION.exec(source.text.split("\n", 1)[0] ?? "");
    if (definition?.[1] !== undefined) {
      const value = source.text.slice(source.text.indexOf("=") + 1);
      this.#parameters.set(definition[1], value.replace(/^[ \t]*\n/, ""));
      return;
    }
    this.#emit(source, depth);
  }

  /** keepalived.conf(5), "Pre-defined definitions"; `_RANDOM` isn't there: two hosts would read two configurations. */
  #predefined(name: string, file: string): string | undefined {
    if (name === "_PWD") return dirname(file);
    if (name === "_INSTANCE") return this.options.configId;
    return lookUp(STAND_INS, name);
  }

  #emit(source: SourceLine, depth: number): void {
    const code = source.text.replace(/^\s*[!#].*$/, "");
    if (SEQUENCE.test(code)) {
      const at = { file: source.file, line: source.line, column: 1 };
      const because = "blocks that write themselves are hard to review";
      this.problems.push(reason(configReasons, "VIP_CONF_UNSUPPORTED", { word: "~SEQ", because }, at));
      return;
    }
    const text = code.replaceAll(USE, (whole: string, braced?: string, plain?: string) => {
      const name = braced ?? plain ?? "";
      return this.#parameters.get(name) ?? this.#predefined(name, source.file) ?? whole;
    });
    if (text === code) {
      this.#lines.push(source);
      return;
    }
    this.#replacedLetters += text.length;
    for (const part of text.split("\n")) this.#take({ ...source, text: part, replaced: true }, depth + 1);
  }
}
