/** Commands on pattern lists, maps and stick tables. */
import type { DataPlane } from "../plane.ts";
import { nowMs } from "../timer-wheel.ts";
import type { PatternList } from "../../decide/acl-registry.ts";

const UNKNOWN_MAP = "Unknown map identifier. Please use #<id> or <file>.\n";
const UNKNOWN_ACL = "Unknown ACL identifier. Please use #<id> or <file>.\n";

function find(plane: DataPlane, name: string | undefined, isMap: boolean): PatternList | undefined {
  const list = name === undefined ? undefined : plane.patterns.find(name);
  return list?.isMap === isMap ? list : undefined;
}

export function showLists(plane: DataPlane, isMap: boolean, name: string | undefined): string {
  if (name === undefined) {
    const lists = plane.patterns.all().filter((list) => list.isMap === isMap);
    return `# id (file) description\n${lists.map((list) => `${list.id} (${list.path}) ${list.size} entries\n`).join("")}`;
  }
  const list = find(plane, name, isMap);
  if (list === undefined) return isMap ? UNKNOWN_MAP : UNKNOWN_ACL;
  return Array.from(
    list.entries(),
    (entry) => `0x${entry.id.toString(16)} ${entry.text}${isMap ? ` ${entry.value}` : ""}\n`,
  ).join("");
}

export function changeMap(
  plane: DataPlane,
  operation: "add" | "set" | "del" | "clear",
  rest: readonly string[],
  payload: string | undefined,
): string {
  const list = find(plane, rest[0], true);
  if (list === undefined) return UNKNOWN_MAP;
  const [, key = "", ...words] = rest;
  switch (operation) {
    case "clear":
      list.clear();
      return "";
    case "del":
      return list.delete(key) > 0 ? "" : "Key not found.\n";
    case "set":
      if (![...list.entries()].some((entry) => entry.text === key)) return "Key not found.\n";
      list.set(key, words.join(" "));
      return "";
    case "add": {
      const lines =
        payload === undefined ? [`${key} ${words.join(" ")}`] : payload.split("\n").filter((line) => line !== "");
      for (const line of lines) {
        const space = line.indexOf(" ");
        list.add(space < 0 ? line : line.slice(0, space), space < 0 ? "" : line.slice(space + 1).trim());
      }
      return "";
    }
  }
}

export function addToList(
  plane: DataPlane,
  operation: "add" | "del" | "clear",
  rest: readonly string[],
  payload: string | undefined,
): string {
  const list = find(plane, rest[0], false);
  if (list === undefined) return UNKNOWN_ACL;
  const pattern = rest.slice(1).join(" ");
  if (operation === "clear") list.clear();
  else if (operation === "del") return list.delete(pattern) > 0 ? "" : "Key not found.\n";
  else for (const line of payload?.split("\n").filter((one) => one !== "") ?? [pattern]) list.add(line);
  return "";
}

export function showTable(plane: DataPlane, name: string | undefined): string {
  const { tables } = plane;
  const header = (one: string) => {
    const store = tables.store(one);
    return `# table: ${one}, type: ${store?.settings.type ?? ""}, size:${store?.settings.size ?? 0}, used:${store?.size ?? 0}\n`;
  };
  if (name === undefined) return tables.names().map(header).join("");
  const store = tables.store(name);
  if (store === undefined) return "No such table\n";
  const now = nowMs();
  let text = header(name);
  for (const entry of store.all()) {
    const expires = entry.expiresMs === Number.POSITIVE_INFINITY ? 0 : Math.max(0, Math.round(entry.expiresMs - now));
    const numbers = store.settings.store.map((counter) => {
      const period = counter.periodMs === undefined ? "" : `(${counter.periodMs})`;
      return `${counter.name}${period}=${store.read(entry, counter.name, 0, now) ?? 0}`;
    });
    const server = entry.server === undefined ? [] : [`server_key=${entry.server}`];
    text += `0x0: key=${entry.key} use=${entry.held} exp=${expires} ${[...server, ...numbers].join(" ")}\n`;
  }
  return text;
}

export function clearTable(plane: DataPlane, rest: readonly string[]): string {
  const store = plane.tables.store(rest[0] ?? "");
  if (store === undefined) return "No such table\n";
  if (rest[1] !== "key") store.clear();
  else store.remove(rest[2] ?? "");
  return "";
}
