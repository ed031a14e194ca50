import type { AttributeOperation, NvPair, NvSet, Rule, RulePart } from "../../model/nvset.ts";
import { childNamed, childrenNamed, type XmlElement } from "../xml.ts";
import type { CibContext } from "./context.ts";

/** Reads `<instance_attributes>`, `<meta_attributes>`, `<utilization>`, `<cluster_property_set>`. */
export function readNvSets(context: CibContext, parent: XmlElement | undefined, name: string): readonly NvSet[] {
  return childrenNamed(parent, name).map((element) => readNvSet(context, element));
}

export function readNvSet(context: CibContext, written: XmlElement): NvSet {
  const element = context.follow(written);
  const pairs: NvPair[] = [];
  // Old CIBs wrap the pairs into <attributes>.
  const holder = childNamed(element, "attributes") ?? element;
  for (const child of holder.children) {
    if (child.name !== "nvpair") continue;
    const pair = context.follow(child);
    const value = pair.attributes.get("value");
    const pairName = child.attributes.get("name") ?? context.need(pair, "name");
    if (value === undefined) continue;
    pairs.push({ id: pair.attributes.get("id") ?? "", name: pairName, value, at: context.at(child) });
  }
  const score = element.attributes.get("score");
  const rule = childNamed(element, "rule");
  return {
    id: element.attributes.get("id") ?? "",
    ...(score === undefined ? {} : { score: scoreOfSet(score) }),
    ...(rule === undefined ? {} : { rule: readRule(context, rule) }),
    pairs,
    at: context.at(written),
  };
}

function scoreOfSet(text: string): number {
  if (/^\+?INFINITY$/i.test(text)) return 1_000_000;
  if (/^-INFINITY$/i.test(text)) return -1_000_000;
  return Number.parseInt(text, 10) || 0;
}

export function readRule(context: CibContext, written: XmlElement): Rule {
  const element = context.follow(written);
  const attributes = element.attributes;
  const parts: RulePart[] = [];
  for (const child of element.children) {
    const part = readPart(context, child);
    if (part === undefined) context.unknown(child);
    else parts.push(part);
  }
  return {
    id: attributes.get("id") ?? "",
    join: attributes.get("boolean-op") === "or" ? "or" : "and",
    role: attributes.get("role"),
    score: attributes.get("score"),
    scoreAttribute: attributes.get("score-attribute"),
    parts,
    at: context.at(written),
  };
}

const OPERATIONS: ReadonlySet<string> = new Set(["lt", "gt", "lte", "gte", "eq", "ne", "defined", "not_defined"]);

function isOperation(text: string): text is AttributeOperation {
  return OPERATIONS.has(text);
}

function readPart(context: CibContext, element: XmlElement): RulePart | undefined {
  const attributes = element.attributes;
  const id = attributes.get("id") ?? "";
  switch (element.name) {
    case "rule":
      return { kind: "rule", rule: readRule(context, element) };
    case "expression": {
      const operation = context.need(element, "operation");
      return {
        kind: "attribute",
        id,
        attribute: context.need(element, "attribute"),
        operation: isOperation(operation) ? operation : "eq",
        value: attributes.get("value"),
        type: attributes.get("type"),
        valueSource: attributes.get("value-source"),
      };
    }
    case "date_expression":
      return readDate(element, id);
    case "op_expression":
      return { kind: "op", id, name: context.need(element, "name"), interval: attributes.get("interval") };
    case "rsc_expression":
      return {
        kind: "resource",
        id,
        class: attributes.get("class"),
        provider: attributes.get("provider"),
        type: attributes.get("type"),
      };
    default:
      return undefined;
  }
}

function withoutId(element: XmlElement): Readonly<Record<string, string>> {
  return Object.fromEntries([...element.attributes].filter(([name]) => name !== "id"));
}

function readDate(element: XmlElement, id: string): RulePart {
  const word = element.attributes.get("operation") ?? "in_range";
  const operation = word === "gt" || word === "lt" || word === "date_spec" ? word : "in_range";
  const duration = childNamed(element, "duration");
  const spec = childNamed(element, "date_spec");
  return {
    kind: "date",
    id,
    operation,
    start: element.attributes.get("start"),
    end: element.attributes.get("end"),
    ...(duration === undefined ? {} : { duration: withoutId(duration), durationId: duration.attributes.get("id") }),
    ...(spec === undefined ? {} : { spec: withoutId(spec), specId: spec.attributes.get("id") }),
  };
}
