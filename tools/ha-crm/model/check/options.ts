import { suggestions } from "../../../../shared/text/did-you-mean.ts";
import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { checkReasons } from "../check-reasons.ts";
import type { NvPair, NvSet } from "../nvset.ts";
import { optionNames } from "../options.ts";
import { PROPERTIES, type PropertyFacts } from "../properties.ts";
import { parseScore } from "../score.ts";
import { isFalse, isTrue, seconds } from "./values.ts";
import type { ClusterView } from "./view.ts";

/**
 * Options with names that nothing reads, but that look like one that is read; and values that no option of the cluster
 * takes, so that its default counts. Names that look like nothing may be somebody's own and are left alone.
 */
export function checkOptions(view: ClusterView): readonly Reason[] {
  const { cluster } = view;
  const ofResources = optionNames("resource", "clone", "group", "fencing device");
  const resources = [...cluster.templates, ...cluster.resources, ...view.placed.map((one) => one.primitive)];
  const metas = [...new Set(resources.flatMap((one) => [...one.meta])), ...cluster.resourceDefaults];
  return [
    ...mistyped(cluster.properties, optionNames("cluster")),
    ...cluster.properties.flatMap((set) => set.pairs.flatMap(checkValue)),
    ...mistyped(metas, ofResources),
  ];
}

function mistyped(sets: readonly NvSet[], known: readonly string[]): readonly Reason[] {
  return sets
    .flatMap((set) => set.pairs)
    .flatMap(({ name, at }) => {
      // Old and new words for fencing are one.
      const word = name.replaceAll("_", "-").replace(/^fencing-/, "stonith-");
      const [near] = known.includes(word) || OLD_NAMES.has(word) ? [] : suggestions(word, known);
      return near === undefined ? [] : [reason(checkReasons, "CRM_CHECK_OPTION_NAME", { name, near }, at)];
    });
}

/** Words of Pacemaker 3, for which older ones are in the table. */
const OLD_NAMES: ReadonlySet<string> = new Set([
  "stop-removed-resources",
  "cancel-removed-actions",
  "stonith-action",
  "stonith-timeout",
  "stonith-max-attempts",
  "stonith-reaction",
  "stonith-watchdog-timeout",
  "stonith-enabled",
]);

function checkValue({ name, value, at }: NvPair): readonly Reason[] {
  const word = name.replaceAll("_", "-").replace(/^fencing-/, "stonith-");
  const facts = PROPERTIES.find((one) => one.name === word);
  if (facts === undefined || fits(facts, value)) return [];
  return [reason(checkReasons, "CRM_CHECK_OPTION_VALUE", { name, value, default: facts.default }, at)];
}

function fits(facts: PropertyFacts, value: string): boolean {
  switch (facts.type) {
    case "boolean":
      return isTrue(value) || isFalse(value);
    case "time":
      return seconds(value) !== undefined || value.startsWith("P") || /^-\d+$/.test(value);
    case "integer":
      return /^[+-]?\d+$/.test(value);
    case "score":
      return parseScore(value) !== undefined;
    case "percentage":
      return /^\d+(\.\d+)?%$/.test(value);
    case "word":
      return [...(facts.values ?? []), "fence"].some((one) => one === value.toLowerCase());
    default:
      return facts.type satisfies never;
  }
}
