import { generate, type FeatureKind } from "./generate.ts";
import { askOracle, type OracleAnswer, type Verdict } from "./oracle.ts";
import { runOurs } from "./ours.ts";
import { minimise, writeTree, type Tree } from "./xml-tree.ts";

export type Outcome = "equal" | "actions" | "placement" | "refused" | "defect";

export interface Comparison {
  readonly seed: number;
  readonly kinds: readonly FeatureKind[];
  readonly cib: Tree;
  readonly outcome: Outcome;
  /** The first differences, in words. */
  readonly detail: readonly string[];
}

type Judgement = Pick<Comparison, "outcome" | "detail">;

const equal = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

/** Ours against the oracle's, for one CIB. */
export function judge(xml: string, oracle: OracleAnswer): Judgement {
  let ours: Verdict;
  try {
    ours = runOurs(xml).verdict;
  } catch (error) {
    return {
      outcome: "defect",
      detail: [error instanceof Error ? `${error.message} ${error.stack?.split("\n")[1]?.trim()}` : String(error)],
    };
  }
  if ("refused" in oracle) return { outcome: "refused", detail: [oracle.refused] };
  const theirs = oracle.verdict;
  if (!equal(sorted(ours.placement), sorted(theirs.placement))) {
    return {
      outcome: "placement",
      detail: [...placementDifferences(ours, theirs), ...actionDifferences(ours, theirs)],
    };
  }
  if (!equal(ours.actions, theirs.actions)) return { outcome: "actions", detail: actionDifferences(ours, theirs) };
  return { outcome: "equal", detail: [] };
}

const sorted = (placement: Verdict["placement"]) =>
  Object.entries(placement).toSorted(([left], [right]) => (left < right ? -1 : 1));

function placementDifferences(ours: Verdict, theirs: Verdict): readonly string[] {
  const names = new Set([...Object.keys(ours.placement), ...Object.keys(theirs.placement)]);
  return [...names].flatMap((name) => {
    const one = (ours.placement[name] ?? []).join(", ");
    const other = (theirs.placement[name] ?? []).join(", ");
    return one === other ? [] : [`${name}: ours [${one}] theirs [${other}]`];
  });
}

function actionDifferences(ours: Verdict, theirs: Verdict): readonly string[] {
  const count = (list: readonly string[]) => {
    const table = new Map<string, number>();
    for (const word of list) table.set(word, (table.get(word) ?? 0) + 1);
    return table;
  };
  const one = count(ours.actions);
  const other = count(theirs.actions);
  const lines: string[] = [];
  for (const word of new Set([...one.keys(), ...other.keys()])) {
    const difference = (one.get(word) ?? 0) - (other.get(word) ?? 0);
    if (difference !== 0) lines.push(`${difference > 0 ? "only ours" : "only theirs"}: ${word}`);
  }
  return lines;
}

export async function compareSeed(seed: number, lane: number): Promise<Comparison> {
  const { kinds, cib } = generate(seed);
  const xml = writeTree(cib);
  return { seed, kinds, cib, ...judge(xml, await askOracle(xml, lane)) };
}

/** Compares many seeds, `lanes` at a time, and hands each result over as it comes. */
export async function compareSeeds(
  seeds: readonly number[],
  lanes: number,
  each: (one: Comparison) => void,
  until: () => boolean = () => false,
): Promise<void> {
  let next = 0;
  const lane = async (number: number) => {
    while (next < seeds.length && !until()) {
      const seed = seeds[next];
      next += 1;
      if (seed !== undefined) each(await compareSeed(seed, number));
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
}

/**
 * What a difference is about: its first line. Of a placement only what one side has and the other has not, so that the
 * rest may be cut away.
 */
function subject(line: string): string {
  const found = /^(.*): ours \[(.*)\] theirs \[(.*)\]$/.exec(line);
  if (found === null) return line;
  const [, name = "", one = "", other = ""] = found;
  const ours = one.split(", ");
  const theirs = other.split(", ");
  const without = (list: readonly string[], those: readonly string[]) => list.filter((item) => !those.includes(item));
  return JSON.stringify([name, without(ours, theirs), without(theirs, ours)]);
}

/** The smallest CIB that still differs in the same way. */
export async function smallest(one: Comparison): Promise<{ readonly cib: Tree; readonly detail: readonly string[] }> {
  const about = subject(one.detail[0] ?? "");
  const differsStill = async (smaller: Tree) => {
    const xml = writeTree(smaller);
    const { outcome, detail } = judge(xml, await askOracle(xml, 99));
    return (
      outcome === one.outcome &&
      (outcome === "refused" || outcome === "defect" || detail.some((line) => subject(line) === about))
    );
  };
  const cib = await minimise(one.cib, differsStill);
  const xml = writeTree(cib);
  return { cib, detail: judge(xml, await askOracle(xml, 99)).detail };
}
