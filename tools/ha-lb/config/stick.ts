import type { StickRule } from "../model/rule.ts";
import { STICK_COUNTER_NAMES, type StickCounter, type StickKeyType, type StickTable } from "../model/stick-table.ts";
import type { ProxyDraft } from "./draft.ts";
import { choicesFor, parseTime, type Line } from "./line.ts";
import { splitArguments } from "./arguments.ts";
import { conditionAt } from "./rules.ts";
import { parseExpressionWords } from "./sample.ts";
import { withPlaces, type Scope } from "./scope.ts";

const WORDS = ["type", "size", "expire", "nopurge", "peers", "store", "srvkey", "write-to", "len"];
const DEFAULT_KEY_BYTES = 32;
/** Elements of gpt(N) and gpc(N). */
const ARRAY_MAX = 100;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** `stick-table type T size N …`, also `table NAME type …` of a peers section. */
export function parseStickTable(scope: Scope, line: Line, from: number, name: string): StickTable | undefined {
  const table: Mutable<Omit<StickTable, "store">> & { store: StickCounter[] } = {
    name,
    type: "ip",
    keyLength: 0,
    size: 0,
    noPurge: false,
    serverKey: "name",
    store: [],
    at: line.span(0),
  };
  let typed = false;
  let index = from;
  while (index < line.length) {
    const word = line.text(index);
    if (word === "nopurge") {
      table.noPurge = true;
      index += 1;
      continue;
    }
    if (!WORDS.includes(word) || word === "write-to" || word === "len") {
      line.problem(
        "LB_UNKNOWN_WORD",
        { keyword: "stick-table", word, hint: choicesFor(word, WORDS.slice(0, 7)) },
        index,
      );
      return undefined;
    }
    if (line.need(index + 1, `stick-table ${word}`, "an argument") === undefined) return undefined;
    if (word === "type") {
      const type = line.choice(index + 1, "stick-table type", [
        "ip",
        "ipv6",
        "integer",
        "string",
        "binary",
      ] as readonly StickKeyType[]);
      if (type === undefined) return undefined;
      typed = true;
      table.type = type;
      table.keyLength = type === "string" || type === "binary" ? DEFAULT_KEY_BYTES : 0;
      if (line.text(index + 2) === "len" && table.keyLength > 0) {
        table.keyLength = line.integer(index + 3, "stick-table len", 1, 65535) ?? DEFAULT_KEY_BYTES;
        index += 2;
      }
    } else applyTableWord(scope, table, line, index, word);
    index += 2;
  }
  if (typed && table.size > 0) return table;
  line.problem(
    "LB_MISSING_ARGUMENT",
    { keyword: "stick-table", expected: typed ? "'size' and a number above 0" : "'type' and a key type", hint: "" },
    line.length,
  );
  return undefined;
}

function applyTableWord(
  scope: Scope,
  table: Mutable<Omit<StickTable, "store">> & { store: StickCounter[] },
  line: Line,
  index: number,
  word: string,
): void {
  const value = line.text(index + 1);
  if (word === "size") table.size = line.size(index + 1, "stick-table size") ?? 1;
  else if (word === "expire") table.expireMs = line.time(index + 1, "stick-table expire");
  else if (word === "srvkey")
    table.serverKey = line.choice(index + 1, "stick-table srvkey", ["name", "addr"]) ?? "name";
  else if (word === "peers") {
    table.peers = value;
    scope.references.push({
      kind: "peers",
      name: value,
      from: scope.section,
      keyword: "stick-table peers",
      at: line.at(index + 1),
    });
  } else table.store.push(...parseStore(line, index + 1, value));
}

function parseStore(line: Line, index: number, text: string): readonly StickCounter[] {
  const counters: StickCounter[] = [];
  let offset = 0;
  while (offset < text.length) {
    const word = /^[^,(]*/.exec(text.slice(offset))?.[0] ?? "";
    const found = splitArguments(text, offset + word.length);
    offset = found.end + 1;
    const name = STICK_COUNTER_NAMES.find((known) => known === word);
    if (name === undefined) {
      line.problem(
        "LB_BAD_CHOICE",
        { keyword: "stick-table store", got: word, hint: choicesFor(word, STICK_COUNTER_NAMES) },
        index,
      );
      return counters;
    }
    const counter = makeCounter(name, found.arguments);
    if (typeof counter === "string")
      line.problem("LB_BAD_ARGUMENT", { name, index: 1, text: found.arguments.join(","), expected: counter }, index);
    else counters.push(counter);
  }
  return counters;
}

function makeCounter(name: StickCounter["name"], values: readonly string[]): StickCounter | string {
  const isArray = name === "gpt" || name === "gpc" || name === "gpc_rate";
  const isRate = name.endsWith("_rate");
  if (values.length !== (isArray ? 1 : 0) + (isRate ? 1 : 0)) {
    return isArray && isRate
      ? "(LENGTH,PERIOD)"
      : isRate
        ? "a period in parentheses"
        : isArray
          ? "a length in parentheses"
          : "without arguments";
  }
  const length = isArray ? Number(values[0]) : undefined;
  if (length !== undefined && !(Number.isInteger(length) && length >= 1 && length <= ARRAY_MAX))
    return `a length from 1 to ${ARRAY_MAX}`;
  const period = isRate ? parseTime(values.at(-1) ?? "", 1) : undefined;
  if (typeof period === "string" || period === 0) return "a period such as 10s";
  return { name, ...(period === undefined ? {} : { periodMs: period }), ...(length === undefined ? {} : { length }) };
}

/** `stick on|match|store-request|store-response KEY [table NAME] [if …]` */
export function parseStickRule(outer: Scope, draft: ProxyDraft, line: Line): StickRule | undefined {
  const kind = line.choice(1, "stick", ["on", "match", "store-request", "store-response"]);
  if (kind === undefined) return undefined;
  const keyword = `stick ${kind}`;
  const places =
    kind === "store-response"
      ? (["backend stick-store rule"] as const)
      : (["backend use-server, balance or stick-match rule"] as const);
  const scope = withPlaces(outer, places, keyword);
  const found = parseExpressionWords(scope, line, 2, keyword);
  if (found === undefined) return undefined;
  const named = line.text(found.next) === "table";
  const table = named ? line.need(found.next + 1, `${keyword} table`, "a table's name") : undefined;
  if (named && table === undefined) return undefined;
  scope.references.push({
    kind: "tracked-table",
    name: table ?? draft.name,
    from: draft.name,
    keyword,
    at: line.at(named ? found.next + 1 : 2),
  });
  const condition = conditionAt(scope, draft, line, found.next + (named ? 2 : 0), keyword);
  if (!condition.ok) return undefined;
  return {
    kind,
    key: found.expression,
    at: line.span(0),
    ...(table === undefined ? {} : { table }),
    ...(condition.condition === undefined ? {} : { condition: condition.condition }),
  };
}
