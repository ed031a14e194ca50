/** Stick tables: showing and clearing some of their entries. */
import type { StickEntry, StickStore } from "../../decide/stick-table.ts";
import type { StickCounterName } from "../../model/stick-table.ts";
import type { DataPlane } from "../plane.ts";
import { nowMs } from "../timer-wheel.ts";

const NO_TABLE = "No such table\n";

type Test = (store: StickStore, entry: StickEntry, now: number) => boolean;

const OPERATORS: ReadonlyMap<string, (value: number, than: number) => boolean> = new Map([
  ["eq", (value, than) => value === than],
  ["ne", (value, than) => value !== than],
  ["le", (value, than) => value <= than],
  ["ge", (value, than) => value >= than],
  ["lt", (value, than) => value < than],
  ["gt", (value, than) => value > than],
]);
/** The order in which columns are shown, however 'store' names them. */
const COLUMNS: readonly ("server_key" | StickCounterName)[] = [
  ...(["server_id", "gpt0", "gpc0", "gpc0_rate", "conn_cnt", "conn_rate", "conn_cur", "sess_cnt"] as const),
  ...(["sess_rate", "http_req_cnt", "http_req_rate", "http_err_cnt", "http_err_rate", "bytes_in_cnt"] as const),
  ...(["bytes_in_rate", "bytes_out_cnt", "bytes_out_rate", "gpc1", "gpc1_rate", "server_key"] as const),
  ...(["http_fail_cnt", "http_fail_rate", "gpt", "gpc", "gpc_rate"] as const),
];
/** As many as haproxy takes. */
const MOST_FILTERS = 4;

/** `data.COUNTER OPERATOR VALUE …`: all must hold. A sentence when something is wrong. */
function filtersOf(store: StickStore, words: readonly string[]): readonly Test[] | string {
  const tests: Test[] = [];
  for (let index = 0; index < words.length; index += 3) {
    const where = `Filter entry #${index / 3 + 1}:`;
    const [word = "", operator = "", text = ""] = words.slice(index, index + 3);
    if (index / 3 >= MOST_FILTERS || !word.startsWith("data."))
      return 'Optional argument only supports "data.<store_data_type>" and key <key>\n';
    const counter = word.slice("data.".length);
    if (!/^(server_(id|key|name)|g?p[ct]\w*|\w+_(cnt|rate|cur))$/.test(counter)) return `${where} Unknown data type\n`;
    if (!store.stores(counter)) return `${where} Data type not stored in this table\n`;
    const compare = OPERATORS.get(operator);
    if (compare === undefined) return `${where} Require and operator among "eq", "ne", "le", "ge", "lt", "gt"\n`;
    if (!/^-?\d+$/.test(text)) return `${where} Require a valid integer value to compare against\n`;
    tests.push((of, entry, now) => compare(of.read(entry, counter, 0, now) ?? 0, Number(text)));
  }
  return tests;
}

function headerOf(store: StickStore, name: string): string {
  return `# table: ${name}, type: ${store.settings.type}, size:${store.settings.size}, used:${store.size}\n`;
}

function lineOf(store: StickStore, entry: StickEntry, now: number): string {
  const expires = entry.expiresMs === Number.POSITIVE_INFINITY ? 0 : Math.max(0, Math.round(entry.expiresMs - now));
  const columns = COLUMNS.flatMap((name): readonly string[] => {
    if (name === "server_key") return entry.server === undefined ? [] : [`server_key=${entry.server}`];
    const counter = store.settings.store.find((stored) => stored.name === name);
    if (counter === undefined) return [];
    const period = counter.periodMs === undefined ? "" : `(${counter.periodMs})`;
    const [, kind = "", rest = ""] = /^(gp[ct])(_rate)?$/.exec(name) ?? [];
    return Array.from({ length: counter.length ?? 1 }, (_, index) => {
      const shown = kind === "" ? name : `${kind}${index}${rest}`;
      return `${shown}${period}=${store.read(entry, name, index, now) ?? 0}`;
    });
  });
  return `0x0: key=${entry.key} use=${entry.held} exp=${expires} ${columns.join(" ")}\n`;
}

/** The entries that the words after a table's name mean; a sentence when something is wrong. */
function chosen(store: StickStore, words: readonly string[]): readonly StickEntry[] | string {
  const now = nowMs();
  if (words[0] === "key") {
    const key = store.keyOf(words[1] ?? "");
    const entry = key === undefined ? undefined : store.find(key, now);
    return entry === undefined ? [] : [entry];
  }
  const tests = filtersOf(store, words);
  if (typeof tests === "string") return tests;
  return [...store.all()].filter((entry) => tests.every((test) => test(store, entry, now)));
}

export function showTable(plane: DataPlane, rest: readonly string[]): string {
  const { tables } = plane;
  const [name, ...words] = rest;
  if (name === undefined) {
    return tables
      .names()
      .map((one) => {
        const store = tables.store(one);
        return store === undefined ? "" : headerOf(store, one);
      })
      .join("");
  }
  const store = tables.store(name);
  if (store === undefined) return NO_TABLE;
  const entries = chosen(store, words);
  if (typeof entries === "string") return entries;
  const now = nowMs();
  return headerOf(store, name) + entries.map((entry) => lineOf(store, entry, now)).join("");
}

export function clearTable(plane: DataPlane, rest: readonly string[]): string {
  const [name = "", ...words] = rest;
  const store = plane.tables.store(name);
  if (store === undefined) return NO_TABLE;
  if (words.length === 0) {
    store.clear();
    return "";
  }
  const entries = chosen(store, words);
  if (typeof entries === "string") return entries;
  if (words[0] === "key" && entries.some((entry) => entry.held > 0)) return "Entry currently in use, cannot remove\n";
  for (const entry of entries) if (entry.held === 0) store.remove(entry.key);
  return "";
}
