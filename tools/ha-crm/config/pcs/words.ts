import { hint } from "../../../../shared/text/did-you-mean.ts";
import type { PcsCommand } from "./context.ts";

export type Pairs = ReadonlyMap<string, string>;

export function isPair(word: string): boolean {
  return word.indexOf("=") > 0;
}

/** `name=value` words; names every word that is none, and every name that is given two values. */
export function readPairs(command: PcsCommand, words: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals < 1) {
      command.problem("CRM_PCS_PAIR", { word, usage: command.usage }, word);
      continue;
    }
    const name = word.slice(0, equals);
    const value = word.slice(equals + 1);
    const earlier = pairs.get(name);
    if (earlier !== undefined && earlier !== value) {
      command.problem("CRM_PCS_TWICE", { name, first: `"${earlier}"`, second: `"${value}"` }, word);
    }
    pairs.set(name, value);
  }
  return pairs;
}

/** Only these names may be given. */
export function onlyOptions(command: PcsCommand, what: string, pairs: Pairs, allowed: readonly string[]): void {
  for (const [name, value] of pairs) {
    if (!allowed.includes(name)) {
      command.problem("CRM_PCS_OPTION", { what, name, hint: hint(name, allowed) }, `${name}=${value}`);
    }
  }
}

/** Splits words at keywords: `a b meta x=1 op y` gives "" → [a b], meta → [[x=1]], op → [[y]]. */
export function splitAt(
  words: readonly string[],
  keywords: readonly string[],
): ReadonlyMap<string, readonly (readonly string[])[]> {
  const parts = new Map<string, string[][]>();
  let current: string[] = [];
  parts.set("", [current]);
  for (const word of words) {
    if (keywords.includes(word)) {
      current = [];
      parts.set(word, [...(parts.get(word) ?? []), current]);
    } else current.push(word);
  }
  return parts;
}

/** Everything below one keyword as one list; undefined when the keyword isn't there. */
export function wordsOf(
  parts: ReadonlyMap<string, readonly (readonly string[])[]>,
  keyword: string,
): readonly string[] | undefined {
  return parts.get(keyword)?.flat();
}

/** Sorted by name, as pcs writes them. */
export function sortedPairs(pairs: Pairs): readonly (readonly [string, string])[] {
  return [...pairs].toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
}

const ID_START = /^[\p{L}_]/u;
const ID_REST = /[^\p{L}\p{N}_.-]/u;

export function checkId(command: PcsCommand, id: string): void {
  const wrong = ID_START.test(id) ? ID_REST.exec(id)?.[0] : (id[0] ?? "");
  if (wrong === undefined) return;
  const place = wrong === id[0] ? "at its beginning" : "in it";
  command.problem("CRM_PCS_ID_FORM", { id, sign: wrong, place }, id);
}

/** A new id that somebody chose: well-formed and free. */
export function checkNewId(command: PcsCommand, id: string): void {
  checkId(command, id);
  const taken = command.cib.find(id);
  if (taken !== undefined) command.problem("CRM_PCS_ID_TAKEN", { id, element: taken.name }, id);
}

/** What is left of a text when signs that ids can't have are taken out. */
export function idFrom(text: string): string {
  return text.replace(/[^\p{L}\p{N}_.-]/gu, "").replace(/^[^\p{L}_]+/u, "");
}

export const isTrue = (text: string | undefined) => /^(true|on|yes|y|1)$/i.test(text ?? "");
export const isBoolean = (text: string) => /^(true|on|yes|y|1|false|off|no|n|0)$/i.test(text);
export const isScore = (text: string) => /^[+-]?(\d+|INFINITY)$/.test(text);

export function checkBoolean(command: PcsCommand, name: string, value: string | undefined): void {
  if (value !== undefined && !isBoolean(value)) {
    command.problem("CRM_PCS_VALUE", { name, value, hint: "use true or false" }, `${name}=${value}`);
  }
}

export function checkScore(command: PcsCommand, value: string, word: string): void {
  if (!isScore(value)) {
    command.problem(
      "CRM_PCS_VALUE",
      { name: "a score", value, hint: "use a whole number, INFINITY or -INFINITY" },
      word,
    );
  }
}

/** Seconds, or a number with a unit, as Pacemaker reads times; not ISO 8601 durations. */
export function isTime(text: string): boolean {
  return /^\d+\s*(ms|msec|us|usec|s|sec|m|min|h|hr)?$/.test(text);
}
