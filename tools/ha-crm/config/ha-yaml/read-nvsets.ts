import type { AttributeOperation, NvSet, Rule, RulePart } from "../../model/nvset.ts";
import { parseScore } from "../../model/score.ts";
import { setId } from "./ids.ts";
import type { Place } from "./place.ts";
import type { NvSetsSection, RulePartSection, RuleSection } from "./schema.ts";

type Scalar = string | number | boolean;

export function textOf(value: Scalar | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

export const scoreText = textOf;

const texts = (values: Readonly<Record<string, Scalar>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));

/** A map of values is one set; a list is several, each perhaps with a condition. */
export function readNvSets(section: NvSetsSection | undefined, usualId: string, place: Place): readonly NvSet[] {
  if (section === undefined) return [];
  if (!Array.isArray(section)) {
    const values: Readonly<Record<string, Scalar>> = section;
    return [{ id: usualId, pairs: readPairs(usualId, values, place), at: place.at() }];
  }
  return section.map((set, index) => {
    const id = set.id ?? (index === 0 ? usualId : `${usualId}-${index}`);
    const here = place.below(index);
    const score = set.score === undefined ? undefined : parseScore(String(set.score));
    return {
      id,
      ...(score === undefined ? {} : { score }),
      ...(set.rule === undefined ? {} : { rule: readRule(set.rule, `${id}-rule`, here.below("rule")) }),
      pairs: readPairs(id, set.values, here.below("values")),
      at: here.at(),
    };
  });
}

function readPairs(set: string, values: Readonly<Record<string, Scalar>>, place: Place) {
  return Object.entries(values).map(([name, value]) => ({
    id: setId(set, name.replace(/[^\p{L}\p{N}_.-]/gu, "")),
    name,
    value: String(value),
    at: place.at(name),
  }));
}

export function readRule(section: RuleSection | RulePartSection, usualId: string, place: Place): Rule {
  const id = ("id" in section ? section.id : undefined) ?? usualId;
  const join = section.or === undefined ? "and" : "or";
  const list = section.or ?? section.and ?? [];
  const parts = list.map((part, index) => readPart(part, id, index, place.below(join, index)));
  return {
    id,
    join,
    role: section.role,
    score: scoreText(section.score),
    scoreAttribute: section.scoreAttribute,
    parts,
    at: place.at(),
  };
}

function readPart(part: RulePartSection, rule: string, index: number, place: Place): RulePart {
  const id = setId(rule, "expr", index);
  if (part.and !== undefined || part.or !== undefined) {
    return { kind: "rule", rule: readRule(part, setId(rule, "rule", index), place) };
  }
  if (part.date !== undefined) {
    return {
      kind: "date",
      id,
      operation: part.date,
      start: part.start,
      end: part.end,
      ...(part.duration === undefined ? {} : { duration: texts(part.duration), durationId: `${id}-duration` }),
      ...(part.spec === undefined ? {} : { spec: texts(part.spec), specId: `${id}-datespec` }),
    };
  }
  if (part.operation !== undefined)
    return { kind: "op", id, name: part.operation.name, interval: part.operation.interval };
  if (part.resource !== undefined) {
    const { class: kind, provider, type } = part.resource;
    return { kind: "resource", id, class: kind, provider, type };
  }
  const operation: AttributeOperation = part.is ?? "eq";
  return {
    kind: "attribute",
    id,
    attribute: part.attribute ?? "",
    operation,
    value: textOf(part.value),
    type: part.type,
    valueSource: part.valueSource,
  };
}
