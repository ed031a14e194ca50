/**
 * Arguments in parentheses: chapter 2.2's second level. The same quotes and backslashes work as on a line;
 * a comma separates, a closing parenthesis ends.
 */
export interface SplitArguments {
  readonly arguments: readonly string[];
  /** Offset after the closing parenthesis (or `from` when there were none). */
  readonly end: number;
  readonly problem?: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  " ": " ",
  "\\": "\\",
  "'": "'",
  '"': '"',
  ",": ",",
  ")": ")",
  "(": "(",
};

/** Reads `(a,b,…)` at `from`; without an opening parenthesis there are no arguments. */
export function splitArguments(text: string, from: number): SplitArguments {
  if (text.charAt(from) !== "(") return { arguments: [], end: from };
  const values: string[] = [];
  let value = "";
  let offset = from + 1;
  let quote = "";
  for (; offset < text.length; offset += 1) {
    const unit = text.charAt(offset);
    if (quote === "" && unit === ")") {
      values.push(value);
      return { arguments: values, end: offset + 1 };
    }
    if (quote === "" && unit === ",") {
      values.push(value);
      value = "";
    } else if ((unit === '"' || unit === "'") && (quote === "" || quote === unit)) {
      quote = quote === "" ? unit : "";
    } else if (unit === "\\" && quote !== "'" && ESCAPES[text.charAt(offset + 1)] !== undefined) {
      value += ESCAPES[text.charAt(offset + 1)] ?? "";
      offset += 1;
    } else value += unit;
  }
  const problem = quote === "" ? "closing parenthesis ')' is missing" : `closing quote ${quote} is missing`;
  return { arguments: values, end: text.length, problem };
}
