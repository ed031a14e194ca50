import type { ExpectMatch } from "../model/health-check.ts";
import type { LogFormat } from "../model/log-format.ts";
import type { Line } from "./line.ts";
import { parseLogFormat } from "./log-format.ts";
import type { Scope } from "./scope.ts";

/** `200`, `200-399`, `200,204,300-302`. */
export function parseStatusRanges(line: Line, index: number, text: string): ExpectMatch | undefined {
  const ranges: (readonly [number, number])[] = [];
  for (const part of text.split(",")) {
    const found = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part);
    const low = Number(found?.[1] ?? Number.NaN);
    const high = Number(found?.[2] ?? low);
    if (found === null || high < low) {
      line.problem(
        "LB_BAD_NUMBER",
        { keyword: "expect status", expected: "statuses such as 200,301-308", text: part },
        index,
      );
      return undefined;
    }
    ranges.push([low, high]);
  }
  return { kind: "status", ranges };
}

type TextMatch = "str" | "beg" | "end" | "sub" | "reg";
const MATCHES: readonly TextMatch[] = ["str", "beg", "end", "sub", "reg"];

/** `hdr name[-lf] [-m M] NAME [value[-lf] [-m M] VALUE]`. */
export function parseHeaderExpect(
  scope: Scope,
  line: Line,
  from: number,
  kind: "hdr" | "fhdr",
): ExpectMatch | undefined {
  const name = parsePart(scope, line, from + 1, "name");
  if (name === undefined) return undefined;
  const base = { kind, nameMatch: name.match, name: name.value, valueMatch: "str" as const, full: kind === "fhdr" };
  if (!line.has(name.next)) return base;
  const value = parsePart(scope, line, name.next, "value");
  if (value === undefined) return undefined;
  line.end(value.next, `expect ${kind}`);
  return { ...base, valueMatch: value.match, value: value.value };
}

function parsePart(scope: Scope, line: Line, from: number, word: "name" | "value") {
  const given = line.choice(from, "expect hdr", [word, `${word}-lf`]);
  if (given === undefined) return undefined;
  let match: TextMatch = "str";
  let index = from + 1;
  if (line.text(index) === "-m") {
    const chosen = line.choice(index + 1, "-m", MATCHES);
    if (chosen === undefined) return undefined;
    match = chosen;
    index += 2;
  }
  const text = line.need(index, `expect hdr ${given}`, "a text");
  if (text === undefined) return undefined;
  const value: string | LogFormat | undefined = given === word ? text : parseLogFormat(scope, text, line.at(index));
  return value === undefined ? undefined : { match, value, next: index + 1 };
}
