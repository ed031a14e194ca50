import { byPrecedence, type NvSet } from "../nvset.ts";

export function hasOwnRule(set: NvSet): boolean {
  return set.rule !== undefined;
}

/** Values of sets without conditions, as they count. */
export function pairsOf(sets: readonly NvSet[]): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of byPrecedence(sets.filter((set) => !hasOwnRule(set))).flatMap((set) => set.pairs)) {
    if (!pairs.has(pair.name)) pairs.set(pair.name, pair.value);
  }
  return pairs;
}

export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(true|on|yes|y|1)$/i.test(text);
}

export function isFalse(text: string | undefined): boolean {
  return text !== undefined && /^(false|off|no|n|0)$/i.test(text);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  us: 0.000_001,
  usec: 0.000_001,
  ms: 0.001,
  msec: 0.001,
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  hr: 3600,
};

/** Seconds of `30`, `30s`, `5min`; undefined for anything else. */
export function seconds(text: string | undefined): number | undefined {
  const found = text === undefined ? null : /^(\d+)\s*([a-z]*)$/i.exec(text.trim());
  if (found === null) return undefined;
  const factor = UNIT_SECONDS[(found[2] ?? "") === "" ? "s" : (found[2] ?? "").toLowerCase()];
  return factor === undefined ? undefined : Number(found[1]) * factor;
}
