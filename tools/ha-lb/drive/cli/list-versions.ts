/** Whole new contents for a list or a map, prepared beside the running one: `prepare map`, `add map @2 …`, `commit map @2 …`. */
import { ENTRIES_MAX, type PatternList } from "../../decide/acl-registry.ts";

/** Versions that wait for their `commit`, of one list. */
const MOST_VERSIONS = 16;

class Prepared {
  next = 0;
  readonly versions = new Map<number, (readonly [string, string])[]>();
}

const prepared = new WeakMap<PatternList, Prepared>();

function of(list: PatternList): Prepared {
  const known = prepared.get(list) ?? new Prepared();
  prepared.set(list, known);
  return known;
}

/** `@2` of a command; undefined without. */
export function versionOf(word: string | undefined): number | undefined {
  const found = /^@(\d+)$/.exec(word ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
}

export function prepareVersion(list: PatternList): string {
  const all = of(list);
  if (all.versions.size >= MOST_VERSIONS) {
    const [oldest] = all.versions.keys();
    if (oldest !== undefined) all.versions.delete(oldest);
  }
  all.next += 1;
  all.versions.set(all.next, []);
  return `New version created: ${all.next}\n`;
}

const OUT_OF_RANGE = "Version number out of range.\n";

export function addToVersion(
  list: PatternList,
  version: number,
  entries: readonly (readonly [string, string])[],
): string {
  const waiting = of(list).versions.get(version);
  if (waiting === undefined) return OUT_OF_RANGE;
  if (waiting.length + entries.length > ENTRIES_MAX) return `A list has at most ${ENTRIES_MAX} entries.\n`;
  waiting.push(...entries);
  return "";
}

export function showVersion(list: PatternList, version: number, isMap: boolean): string {
  const waiting = of(list).versions.get(version);
  return waiting === undefined
    ? ""
    : waiting
        .map(([text, value], index) => `0x${(index + 1).toString(16)} ${text}${isMap ? ` ${value}` : ""}\n`)
        .join("");
}

export function clearVersion(list: PatternList, version: number): string {
  const all = of(list);
  if (!all.versions.has(version)) return OUT_OF_RANGE;
  all.versions.set(version, []);
  return "";
}

/** The new contents take the place of the running ones, in one step; older versions that wait are forgotten. */
export function commitVersion(list: PatternList, version: number): string {
  const { versions } = of(list);
  const waiting = versions.get(version);
  if (waiting === undefined) return OUT_OF_RANGE;
  list.clear();
  for (const [text, value] of waiting) list.add(text, value);
  for (const number of versions.keys()) if (number <= version) versions.delete(number);
  return "";
}
