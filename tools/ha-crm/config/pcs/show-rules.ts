import type { TreeElement } from "./tree.ts";

const idNote = (element: TreeElement, withIds: boolean) => (withIds ? ` (id:${element.id})` : "");

/** A rule and what is below it, in the words that make it. */
export function ruleLines(rule: TreeElement, withIds: boolean): readonly string[] {
  const parts = rule.children.flatMap((child) => partLines(child, withIds));
  const shown = ["boolean-op", "role", "score", "score-attribute"].flatMap((name) => {
    const value = rule.get(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  return [`Rule: ${shown.join(" ")}${idNote(rule, withIds)}`, ...parts.map((line) => `  ${line}`)];
}

function periods(element: TreeElement): string {
  return [...element.attributes]
    .filter(([name]) => name !== "id")
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function partLines(part: TreeElement, withIds: boolean): readonly string[] {
  const note = idNote(part, withIds);
  switch (part.name) {
    case "rule":
      return ruleLines(part, withIds);
    case "expression": {
      const words = operandWords(part);
      return [`Expression: ${words}${note}`];
    }
    case "date_expression":
      return dateLines(part, withIds);
    case "rsc_expression": {
      const name = [part.get("class"), part.get("provider"), part.get("type")].map((word) => word ?? "").join(":");
      return [`Expression: resource ${name}${note}`];
    }
    case "op_expression": {
      const interval = part.get("interval");
      return [
        `Expression: op ${part.get("name") ?? ""}${interval === undefined ? "" : ` interval=${interval}`}${note}`,
      ];
    }
    default:
      return [];
  }
}

function operandWords(part: TreeElement): string {
  const operation = part.get("operation") ?? "";
  const attribute = part.get("attribute") ?? "";
  if (operation === "defined" || operation === "not_defined") return `${operation} ${attribute}`;
  return [attribute, operation, part.get("type"), part.get("value")].filter((word) => word !== undefined).join(" ");
}

function dateLines(part: TreeElement, withIds: boolean): readonly string[] {
  const note = idNote(part, withIds);
  const duration = part.child("duration");
  const spec = part.child("date_spec");
  switch (part.get("operation")) {
    case "gt":
      return [`Expression: date gt ${part.get("start") ?? ""}${note}`];
    case "lt":
      return [`Expression: date lt ${part.get("end") ?? ""}${note}`];
    case "date_spec":
      return [
        `Expression:${note}`,
        ...(spec === undefined ? [] : [`  Date Spec: ${periods(spec)}${idNote(spec, withIds)}`]),
      ];
    default: {
      const range = [
        "date in_range",
        part.get("start"),
        "to",
        part.get("end"),
        duration === undefined ? undefined : "duration",
      ];
      return [
        `Expression: ${range.filter((word) => word !== undefined).join(" ")}${note}`,
        ...(duration === undefined ? [] : [`  Duration: ${periods(duration)}${idNote(duration, withIds)}`]),
      ];
    }
  }
}
