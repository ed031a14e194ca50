/** Commands on pattern lists and maps. */
import type { DataPlane } from "../plane.ts";
import type { PatternList } from "../../decide/acl-registry.ts";
import { addToVersion, clearVersion, commitVersion, prepareVersion, showVersion, versionOf } from "./list-versions.ts";

const UNKNOWN_MAP = "Unknown map identifier. Please use #<id> or <file>.\n";
const UNKNOWN_ACL = "Unknown ACL identifier. Please use #<id> or <file>.\n";

function find(plane: DataPlane, name: string | undefined, isMap: boolean): PatternList | undefined {
  const list = name === undefined ? undefined : plane.patterns.find(name);
  return list?.isMap === isMap ? list : undefined;
}

export function showLists(plane: DataPlane, isMap: boolean, rest: readonly string[]): string {
  const version = versionOf(rest[0]);
  const name = version === undefined ? rest[0] : rest[1];
  if (name === undefined) {
    const lists = plane.patterns.all().filter((list) => list.isMap === isMap);
    return `# id (file) description\n${lists.map((list) => `${list.id} (${list.path}) ${list.size} entries\n`).join("")}`;
  }
  const list = find(plane, name, isMap);
  if (list === undefined) return isMap ? UNKNOWN_MAP : UNKNOWN_ACL;
  if (version !== undefined) return showVersion(list, version, isMap);
  return Array.from(
    list.entries(),
    (entry) => `0x${entry.id.toString(16)} ${entry.text}${isMap ? ` ${entry.value}` : ""}\n`,
  ).join("");
}

/** `prepare|commit map|acl`: contents that come into force together. */
export function changeVersion(
  plane: DataPlane,
  isMap: boolean,
  operation: "prepare" | "commit",
  rest: readonly string[],
): string {
  const version = versionOf(rest[0]);
  const list = find(plane, operation === "commit" ? rest[1] : rest[0], isMap);
  if (operation === "commit" && version === undefined) return "commit expects a version, such as @1, and a list.\n";
  if (list === undefined) return isMap ? UNKNOWN_MAP : UNKNOWN_ACL;
  return operation === "prepare" ? prepareVersion(list) : commitVersion(list, version ?? 0);
}

/** `KEY VALUE` of each line of a payload, or of the words of a command. */
function pairsOf(words: readonly string[], payload: string | undefined): readonly (readonly [string, string])[] {
  const lines = payload === undefined ? [words.join(" ")] : payload.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const space = line.indexOf(" ");
    return [space < 0 ? line : line.slice(0, space), space < 0 ? "" : line.slice(space + 1).trim()];
  });
}

export function changeMap(
  plane: DataPlane,
  operation: "add" | "set" | "del" | "clear",
  given: readonly string[],
  payload: string | undefined,
): string {
  const version = versionOf(given[0]);
  const rest = version === undefined ? given : given.slice(1);
  const list = find(plane, rest[0], true);
  if (list === undefined) return UNKNOWN_MAP;
  const [, key = "", ...words] = rest;
  switch (operation) {
    case "clear":
      if (version !== undefined) return clearVersion(list, version);
      list.clear();
      return "";
    case "del":
      return list.delete(key) > 0 ? "" : "Key not found.\n";
    case "set":
      if (![...list.entries()].some((entry) => entry.text === key)) return "Key not found.\n";
      list.set(key, words.join(" "));
      return "";
    case "add": {
      const pairs = pairsOf(rest.slice(1), payload);
      if (version !== undefined) return addToVersion(list, version, pairs);
      for (const [text, value] of pairs) list.add(text, value);
      return "";
    }
  }
}

export function addToList(
  plane: DataPlane,
  operation: "add" | "del" | "clear",
  given: readonly string[],
  payload: string | undefined,
): string {
  const version = versionOf(given[0]);
  const rest = version === undefined ? given : given.slice(1);
  const list = find(plane, rest[0], false);
  if (list === undefined) return UNKNOWN_ACL;
  const pattern = rest.slice(1).join(" ");
  if (operation === "clear") {
    if (version !== undefined) return clearVersion(list, version);
    list.clear();
    return "";
  }
  if (operation === "del") return list.delete(pattern) > 0 ? "" : "Key not found.\n";
  const lines = payload?.split("\n").filter((one) => one !== "") ?? [pattern];
  if (version !== undefined)
    return addToVersion(
      list,
      version,
      lines.map((line) => [line, ""]),
    );
  for (const line of lines) list.add(line);
  return "";
}
