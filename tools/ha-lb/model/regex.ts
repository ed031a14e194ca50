/** A regular expression's source longer than this is refused. */
export const REGEX_SOURCE_MAX = 4096;

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "A-Za-z0-9",
  upper: "A-Z",
  lower: "a-z",
  xdigit: "0-9A-Fa-f",
  blank: " \\t",
  space: "\\s",
  punct: "!-\\/:-@\\[-`{-~",
  word: "\\w",
  cntrl: "\\x00-\\x1f\\x7f",
  print: "\\x20-\\x7e",
  graph: "\\x21-\\x7e",
};

/**
 * Turns a PCRE source into a JavaScript expression over byte strings. What has no counterpart (atomic groups,
 * possessive quantifiers, recursion, `\K`, …) is refused, never misread.
 * @returns the expression, or a sentence that says what is wrong
 */
export function compileRegex(source: string, flags: "" | "i" | "g" | "gi"): RegExp | string {
  if (source.length > REGEX_SOURCE_MAX) return `longer than ${REGEX_SOURCE_MAX} characters`;
  const translated = translate(source);
  if (typeof translated === "string") return translated;
  try {
    const all = new Set(`${flags}${translated.flags}`.split(""));
    return new RegExp(translated.source, Array.from(all).join(""));
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : "invalid";
  }
}

function translate(source: string): { readonly source: string; readonly flags: string } | string {
  let flags = "";
  let output = "";
  let offset = 0;
  const leading = /^\(\?([imsx]+)\)/.exec(source);
  if (leading !== null) {
    if (leading[1]?.includes("x")) return "(?x) is not supported";
    flags = leading[1] ?? "";
    offset = leading[0].length;
  }
  while (offset < source.length) {
    const unit = source.charAt(offset);
    if (unit === "[") {
      const found = translateClass(source, offset);
      if (typeof found === "string") return found;
      output += found.output;
      offset = found.end;
    } else if (unit === "\\") {
      const found = translateEscape(source.charAt(offset + 1));
      if (found.length > 8) return found;
      output += found;
      offset += 2;
    } else {
      const problem = unsupportedGroup(source, offset);
      if (problem !== undefined) return problem;
      const named = source.startsWith("(?P<", offset);
      output += named ? "(?<" : unit === "/" ? "\\/" : unit;
      offset += named ? 4 : 1;
      if (/[*+?}]/.test(unit) && source.charAt(offset) === "+") return "possessive quantifiers are not supported";
    }
  }
  return { source: output, flags };
}

function unsupportedGroup(source: string, offset: number): string | undefined {
  if (source.charAt(offset) !== "(") return undefined;
  const head = source.slice(offset, offset + 4);
  if (source.startsWith("(?>", offset)) return "atomic groups are not supported";
  if (head.startsWith("(*")) return "verbs such as (*SKIP) are not supported";
  if (/^\(\?([R&0-9|+#(]|P[=>])/.test(head))
    return "recursion, branch reset, comments and conditionals are not supported";
  if (/^\(\?[imsx-]+\)/.test(source.slice(offset, offset + 12))) return "options may only stand at the start";
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  A: "^",
  Z: "(?=\\n?$)",
  z: "$",
  h: "[ \\t]",
  R: "(?:\\r\\n|[\\n-\\r])",
  e: "\\x1b",
  a: "\\x07",
};
const UNSUPPORTED = "KQEGXCN";

/** The translation (short), or a problem (long). */
function translateEscape(next: string): string {
  if (next === "") return "\\ at the end of the expression";
  if (next === "Z") return "(?!\\n?.)";
  const known = ESCAPES[next];
  if (known !== undefined && known.length <= 8) return known;
  if (next === "R") return "[\\n-\\r]";
  if (UNSUPPORTED.includes(next)) return `\\${next} is not supported`;
  return `\\${next}`;
}

function translateClass(source: string, start: number): { readonly output: string; readonly end: number } | string {
  let offset = start + 1;
  let output = "[";
  if (source.charAt(offset) === "^") {
    output += "^";
    offset += 1;
  }
  // A closing bracket right at the start is an ordinary character.
  if (source.charAt(offset) === "]") {
    output += "\\]";
    offset += 1;
  }
  while (offset < source.length && source.charAt(offset) !== "]") {
    const posix = /^\[:(\^?)(\w+):\]/.exec(source.slice(offset, offset + 16));
    if (posix !== null) {
      const members = POSIX_CLASSES[posix[2] ?? ""];
      if (members === undefined || posix[1] === "^") return `unknown POSIX class '${posix[0]}'`;
      output += members;
      offset += posix[0].length;
    } else if (source.charAt(offset) === "\\") {
      const next = source.charAt(offset + 1);
      output += next === "h" ? " \\t" : `\\${next}`;
      offset += 2;
    } else {
      output += source.charAt(offset) === "[" ? "\\[" : source.charAt(offset);
      offset += 1;
    }
  }
  if (offset >= source.length) return "missing terminating ] for character class";
  return { output: `${output}]`, end: offset + 1 };
}
