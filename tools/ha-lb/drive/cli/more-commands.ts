/** Commands on single entries of lists and tables, and on the process. */
import type { StatsRow } from "../../model/stats-row.ts";
import { statsCsv } from "../../decide/stats-csv.ts";
import { statsJson, statsTyped } from "../../decide/stats-typed.ts";
import type { DataPlane } from "../plane.ts";
import { nowMs } from "../timer-wheel.ts";

/** Bits of the second number of `show stat`. */
const TYPE_BIT = { frontend: 1, backend: 2, server: 4, listener: 8 } as const;

/** `show stat [NAME|NUMBER TYPES SERVER] [typed|json]`; -1 stands for all. */
export function showStat(plane: DataPlane, rest: readonly string[]): string {
  const form = rest.find((word) => word === "typed" || word === "json");
  const [proxy, types, server] = rest.filter((word) => word !== form);
  const isWanted = (row: StatsRow): boolean => {
    if (proxy === undefined || types === undefined || server === undefined) return true;
    if (proxy !== "-1" && proxy !== row.proxy && Number(proxy) !== row.proxyId) return false;
    if (types !== "-1" && (Number(types) & TYPE_BIT[row.type]) === 0) return false;
    return server === "-1" || Number(server) === row.serverId;
  };
  const rows = plane.statsRows([], "").filter(isWanted);
  if (form === "typed") return statsTyped(rows);
  return form === "json" ? statsJson(rows) : statsCsv(rows);
}

/** `get map|acl FILE KEY`: what a request with this text would find. */
export function getEntry(plane: DataPlane, isMap: boolean, rest: readonly string[]): string {
  const [name = "", ...words] = rest;
  const list = plane.patterns.find(name);
  if (list?.isMap !== isMap) {
    return `Unknown ${isMap ? "map" : "ACL"} identifier. Please use #<id> or <file>.\n`;
  }
  const key = words.join(" ");
  if (key === "") return "This command expects two parameters: a list and a key.\n";
  const entry = [...list.entries()].find((one) => one.text === key);
  const word = isMap ? "found" : "match";
  if (entry === undefined) return `type=str, case=sensitive, ${word}=no\n`;
  const shown = isMap ? `key="${entry.text}", value="${entry.value}", type="str"` : `pattern="${entry.text}"`;
  return `type=str, case=sensitive, ${word}=yes, idx=tree, ${shown}\n`;
}

/** `set table NAME key KEY data.COUNTER VALUE …`. Counters of events only: rates come from them. */
export function setTable(plane: DataPlane, rest: readonly string[]): string {
  const [name = "", word, key, ...pairs] = rest;
  const store = plane.tables.store(name);
  if (store === undefined) return "No such table\n";
  if (word !== "key" || key === undefined) return 'Required arguments: <name> "key" <key> [data.<counter> <value>]*\n';
  const wanted: [string, number][] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const counter = (pairs[index] ?? "").replace(/^data\./, "");
    const value = Number(pairs[index + 1]);
    if (!store.stores(counter)) return "Data type not stored in this table\n";
    if (!Number.isInteger(value) || value < 0) return "Require a valid integer value to store\n";
    if (counter.includes("_rate")) return "Rates can't be set\n";
    wanted.push([counter, value]);
  }
  const text = store.keyOf(key);
  const entry = text === undefined ? undefined : store.obtain(text, nowMs());
  if (entry === undefined) return "Invalid key, or the table is full\n";
  for (const [counter, value] of wanted) store.set(entry, counter, 0, value);
  return "";
}

/** `set maxconn frontend NAME N`, `set maxconn global N`. */
export function setOtherMaxconn(plane: DataPlane, rest: readonly string[]): string | undefined {
  const [what, ...words] = rest;
  if (what !== "frontend" && what !== "global") return undefined;
  const most = Number(what === "global" ? words[0] : words[1]);
  if (!Number.isInteger(most) || most < 0) return "Integer value expected.\n";
  if (what === "global") {
    plane.mostConnections = most;
    return "";
  }
  const frontend = plane.frontends.find((one) => one.name === words[0]);
  if (frontend === undefined) return "No such frontend.\n";
  frontend.mostConnections = most;
  return "";
}

export function showCommandSockets(plane: DataPlane): string {
  const lines = plane.configuration.global.statsSockets.map(
    ({ address, level, text }) =>
      `${address.kind === "unix" ? `unix@${address.path}` : text} ${level ?? "operator"} all\n`,
  );
  return `# socket lvl processes\n${lines.join("")}`;
}
