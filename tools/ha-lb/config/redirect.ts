import type { Redirect, RedirectTarget } from "../model/rule.ts";
import { hintFor, type Line } from "./line.ts";
import { parseLogFormat } from "./log-format.ts";
import type { Scope } from "./scope.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const WORDS = [
  "location",
  "prefix",
  "scheme",
  "code",
  "drop-query",
  "append-slash",
  "ignore-empty",
  "set-cookie",
  "clear-cookie",
];

/** Reads `location|prefix|scheme TARGET [code N] options…`; stops at `if` or `unless`. */
export function parseRedirect(
  scope: Scope,
  line: Line,
  from: number,
  keyword: string,
): { readonly redirect: Redirect; readonly next: number } | undefined {
  const options: Mutable<Omit<Redirect, "target">> = {
    code: 302,
    dropQuery: false,
    appendSlash: false,
    ignoreEmpty: false,
  };
  let target: RedirectTarget | undefined;
  let next = from;
  while (next < line.length && line.text(next) !== "if" && line.text(next) !== "unless") {
    const word = line.text(next);
    if (word === "drop-query") options.dropQuery = true;
    else if (word === "append-slash") options.appendSlash = true;
    else if (word === "ignore-empty") options.ignoreEmpty = true;
    else if (!WORDS.includes(word)) {
      const hint = hintFor(word, [...WORDS, "if", "unless"]) || `use ${WORDS.join(", ")}`;
      line.problem("LB_UNKNOWN_WORD", { keyword, word, hint }, next);
      return undefined;
    } else {
      if (line.need(next + 1, `${keyword} ${word}`, "an argument") === undefined) return undefined;
      if (word === "location" || word === "prefix" || word === "scheme") {
        const format = parseLogFormat(scope, line.text(next + 1), line.at(next + 1));
        if (format === undefined) return undefined;
        target = { kind: word, format };
      } else if (!applyValue(options, line, next, word)) return undefined;
      next += 1;
    }
    next += 1;
  }
  if (target === undefined) {
    line.problem(
      "LB_MISSING_ARGUMENT",
      { keyword, expected: "'location', 'prefix' or 'scheme' with a target", hint: "" },
      next,
    );
    return undefined;
  }
  return { redirect: { target, ...options }, next };
}

function applyValue(options: Mutable<Omit<Redirect, "target">>, line: Line, index: number, word: string): boolean {
  const value = line.text(index + 1);
  if (word === "set-cookie") options.setCookie = value;
  else if (word === "clear-cookie") options.clearCookie = value;
  else {
    const code = line.choice(index + 1, "code", ["301", "302", "303", "307", "308"]);
    switch (code) {
      case "301":
        options.code = 301;
        break;
      case "302":
        options.code = 302;
        break;
      case "303":
        options.code = 303;
        break;
      case "307":
        options.code = 307;
        break;
      case "308":
        options.code = 308;
        break;
      case undefined:
        return false;
    }
  }
  return true;
}
