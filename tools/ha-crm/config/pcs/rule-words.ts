import { lookUp } from "../../../../shared/text/lookup.ts";
import type { PcsCommand } from "./context.ts";
import { checkId, isPair, isScore, readPairs } from "./words.ts";

/** A condition as words say it, before ids are made. */
export type RuleTree =
  | { readonly kind: "join"; readonly join: "and" | "or"; readonly parts: readonly RuleTree[] }
  | {
      readonly kind: "attribute";
      readonly attribute: string;
      readonly operation: string;
      readonly value?: string;
      readonly type?: string;
    }
  | { readonly kind: "date"; readonly operation: "gt" | "lt"; readonly date: string }
  | {
      readonly kind: "range";
      readonly start?: string;
      readonly end?: string;
      readonly duration?: ReadonlyMap<string, string>;
    }
  | { readonly kind: "date-spec"; readonly spec: ReadonlyMap<string, string> }
  | { readonly kind: "resource"; readonly class?: string; readonly provider?: string; readonly type?: string }
  | { readonly kind: "op"; readonly name: string; readonly interval?: string };

/** Which kinds of parts a place takes: rules of constraints and of defaults differ. */
export interface RuleKinds {
  readonly attributes: boolean;
  readonly resource: boolean;
  readonly op: boolean;
  readonly example: string;
}

export const LOCATION_RULES: RuleKinds = {
  attributes: true,
  resource: false,
  op: false,
  example: "for instance: rack eq left and defined power",
};

const COMPARE = ["lt", "gt", "lte", "gte", "eq", "ne"];
const TYPES = ["string", "integer", "number", "version"];
const PERIODS = ["hours", "monthdays", "weekdays", "yearsdays", "months", "weeks", "years", "weekyears", "moon"];
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  hours: [0, 23],
  monthdays: [1, 31],
  weekdays: [1, 7],
  yearsdays: [1, 366],
  months: [1, 12],
  weeks: [1, 53],
  moon: [0, 7],
};

/** `9`, `9-16`: inside of what the period can be. */
function inRange(name: string, value: string): boolean {
  if (!/^\d+(-\d+)?$/.test(value)) return false;
  const [least, most] = lookUp(RANGES, name) ?? [0, Number.MAX_SAFE_INTEGER];
  const [from = 0, to = from] = value.split("-").map(Number);
  return from >= least && to <= most && from <= to;
}

/** Rules deeper than this are a mistake. */
const MAX_DEPTH = 20;
const DATE =
  /^-?\d{4}-?(\d{2}-?\d{2}|W\d{2}-?\d|\d{3})([T ]\d{2}(:?\d{2}(:?\d{2}(\.\d+)?)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

export function parseRule(command: PcsCommand, words: readonly string[], kinds: RuleKinds): RuleTree {
  return new RuleReader(command, words, kinds).read();
}

class RuleReader {
  private at = 0;
  private readonly command: PcsCommand;
  private readonly words: readonly string[];
  private readonly kinds: RuleKinds;

  constructor(command: PcsCommand, words: readonly string[], kinds: RuleKinds) {
    this.command = command;
    this.words = words;
    this.kinds = kinds;
  }

  read(): RuleTree {
    if (this.words.length === 0) this.wrong("there is no condition");
    const tree = this.joined(0);
    const left = this.words[this.at];
    if (left !== undefined) this.wrong(`"${left}" has no place here`, left);
    return tree;
  }

  private wrong(problem: string, word?: string): never {
    return this.command.refuse("CRM_PCS_RULE", { problem, example: this.kinds.example }, word);
  }

  private next(what: string): string {
    const word = this.words[this.at];
    if (word === undefined) this.wrong(`after "${this.words.at(-1) ?? ""}" ${what} is missing`, this.words.at(-1));
    this.at += 1;
    return word;
  }

  /** From left to right, as pcs reads it: `a or b and c` is `(a or b) and c`. Equal joins stand side by side. */
  private joined(depth: number): RuleTree {
    if (depth > MAX_DEPTH) this.wrong(`more than ${MAX_DEPTH} brackets inside each other`);
    let tree = this.part(depth);
    let open = false;
    for (let word = this.words[this.at]; word === "and" || word === "or"; word = this.words[this.at]) {
      this.at += 1;
      const next = this.part(depth);
      // Only what was joined here may grow; a bracket stays a part of its own.
      const same = open && tree.kind === "join" && tree.join === word;
      tree = { kind: "join", join: word, parts: same && tree.kind === "join" ? [...tree.parts, next] : [tree, next] };
      open = true;
    }
    return tree;
  }

  private part(depth: number): RuleTree {
    const word = this.next("a condition");
    if (word === "(") {
      const inside = this.joined(depth + 1);
      if (this.next('")"') !== ")") this.wrong('")" is missing', this.words[this.at - 1]);
      return inside;
    }
    if (word === "date" && ["gt", "lt", "in_range"].includes(this.words[this.at] ?? "")) return this.date();
    if (word === "date-spec") return { kind: "date-spec", spec: this.periods("date-spec") };
    if (word === "resource" && this.kinds.resource) return this.resource();
    if (word === "op" && this.kinds.op) return this.op();
    if (!this.kinds.attributes) this.wrong(`"${word}" is no condition that counts here`, word);
    return this.attribute(word);
  }

  private attribute(word: string): RuleTree {
    if (word === "defined" || word === "not_defined") {
      return { kind: "attribute", attribute: this.next("an attribute"), operation: word };
    }
    const operation = this.next("a comparison");
    if (!COMPARE.includes(operation))
      this.wrong(`"${operation}" is no comparison; use ${COMPARE.join(", ")}`, operation);
    let value = this.next("a value");
    let type: string | undefined;
    if (
      TYPES.includes(value) &&
      this.words[this.at] !== undefined &&
      !["and", "or", ")"].includes(this.words[this.at] ?? "")
    ) {
      type = value;
      value = this.next("a value");
    }
    const whole = type === "integer" && !/^[+-]?\d+$/.test(value);
    const number = type === "number" && !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value);
    const version = type === "version" && !/^\d+(\.\d+)*$/.test(value);
    if (whole || number || version) this.wrong(`"${value}" is not of the type ${type ?? ""}`, value);
    return { kind: "attribute", attribute: word, operation, value, ...(type === undefined ? {} : { type }) };
  }

  private day(what: string): string {
    const word = this.next(what);
    if (!DATE.test(word)) this.wrong(`"${word}" is no date as in ISO 8601`, word);
    return word;
  }

  private date(): RuleTree {
    const operation = this.next("gt, lt or in_range");
    if (operation === "gt" || operation === "lt") return { kind: "date", operation, date: this.day("a date") };
    const start = this.words[this.at] === "to" ? undefined : this.day("a date");
    if (this.next('"to"') !== "to") this.wrong('between the dates "to" is missing', this.words[this.at - 1]);
    const from = start === undefined ? {} : { start };
    if (this.words[this.at] !== "duration") return { kind: "range", ...from, end: this.day("a date") };
    this.at += 1;
    if (start === undefined) this.wrong("a duration needs a date to begin at", "duration");
    return { kind: "range", ...from, duration: this.periods("duration") };
  }

  private periods(what: "duration" | "date-spec"): ReadonlyMap<string, string> {
    const words: string[] = [];
    while (isPair(this.words[this.at] ?? "")) words.push(this.next("a period"));
    const pairs = readPairs(this.command, words);
    if (pairs.size === 0) this.wrong(`after ${what} a period such as hours=9-16 is missing`, what);
    for (const [name, value] of pairs) {
      const word = `${name}=${value}`;
      if (!PERIODS.includes(name)) this.wrong(`"${name}" is no period; use ${PERIODS.join(", ")}`, word);
      const good = what === "duration" ? /^\d+$/.test(value) : inRange(name, value);
      if (!good) this.wrong(`"${value}" is no ${what === "duration" ? "number" : "number or range"}`, word);
    }
    return pairs;
  }

  private resource(): RuleTree {
    const word = this.next("standard:provider:type");
    const parts = word.split(":");
    if (parts.length !== 3 || parts.every((part) => part === ""))
      this.wrong(`"${word}" is not standard:provider:type`, word);
    const [kind = "", provider = "", type = ""] = parts;
    return {
      kind: "resource",
      ...(kind === "" ? {} : { class: kind }),
      ...(provider === "" ? {} : { provider }),
      ...(type === "" ? {} : { type }),
    };
  }

  private op(): RuleTree {
    const name = this.next("the name of an operation");
    const word = this.words[this.at] ?? "";
    if (!word.startsWith("interval=")) return { kind: "op", name };
    this.at += 1;
    return { kind: "op", name, interval: word.slice("interval=".length) };
  }
}

/** Options in front of a rule: `id=x role=Promoted score=5`. */
export function readRuleOptions(
  command: PcsCommand,
  words: readonly string[],
  allowed: readonly string[],
): { readonly options: ReadonlyMap<string, string>; readonly rest: readonly string[] } {
  let count = 0;
  while (isPair(words[count] ?? "") && allowed.includes((words[count] ?? "").split("=")[0] ?? "")) count += 1;
  const options = readPairs(command, words.slice(0, count));
  const role = options.get("role");
  if (role !== undefined)
    command.oneOf("role", role, ["Promoted", "Unpromoted", "Master", "Slave", "promoted", "unpromoted"]);
  const score = options.get("score");
  if (score !== undefined && !isScore(score)) {
    command.problem(
      "CRM_PCS_VALUE",
      { name: "score", value: score, hint: "use a whole number, INFINITY or -INFINITY" },
      `score=${score}`,
    );
  }
  if (score !== undefined && options.has("score-attribute")) {
    command.wrongUse("only one of score and score-attribute can be given", `score=${score}`);
  }
  for (const name of ["id", "constraint-id"]) {
    const id = options.get(name);
    if (id !== undefined) checkId(command, id);
  }
  return { options, rest: words.slice(count) };
}
