import type { TreeElement } from "./tree.ts";

const idNote = (element: TreeElement, withIds: boolean) => (withIds ? ` (id:${element.id})` : "");

/**
 * A rule and what is below it, in the words that make it.
 * @param nowMs when given, a rule that can never hold again is marked
 */
export function ruleLines(rule: TreeElement, withIds: boolean, nowMs?: number): readonly string[] {
  const parts = rule.children.flatMap((child) => partLines(child, withIds));
  const shown = ["boolean-op", "role", "score", "score-attribute"].flatMap((name) => {
    const value = rule.get(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  const note = nowMs !== undefined && isOver(rule, nowMs) ? " (expired)" : "";
  return [`Rule${note}: ${shown.join(" ")}${idNote(rule, withIds)}`, ...parts.map((line) => `  ${line}`)];
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

/** Milliseconds since 1970 of a date in a rule; without a zone it is taken as UTC. */
function momentMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const iso = text.trim().replace(" ", "T");
  const withZone = /[Zz]$|[+-]\d{2}:?\d{2}$/.test(iso) || !iso.includes("T") ? iso : `${iso}Z`;
  const found = Date.parse(withZone);
  return Number.isNaN(found) ? undefined : found;
}

/** The end of a range that is given by its length. */
function endOfDurationMs(startMs: number, duration: TreeElement): number {
  const count = (name: string) => Number(duration.get(name) ?? 0) || 0;
  const end = new Date(startMs);
  end.setUTCFullYear(end.getUTCFullYear() + count("years"), end.getUTCMonth() + count("months"));
  const days = count("weeks") * 7 + count("days");
  return end.getTime() + ((days * 24 + count("hours")) * 3600 + count("minutes") * 60 + count("seconds")) * 1000;
}

/** Can the condition never hold again? Only dates can tell. */
export function isOver(part: TreeElement, nowMs: number): boolean {
  if (part.name === "rule") {
    const parts = part.children;
    const joinsOr = part.get("boolean-op") === "or";
    return (
      parts.length > 0 && (joinsOr ? parts.every((one) => isOver(one, nowMs)) : parts.some((one) => isOver(one, nowMs)))
    );
  }
  if (part.name !== "date_expression") return false;
  const operation = part.get("operation") ?? "in_range";
  if (operation !== "lt" && operation !== "in_range") return false;
  const endMs = momentMs(part.get("end"));
  if (endMs !== undefined) return nowMs > endMs;
  const [startMs, duration] = [momentMs(part.get("start")), part.child("duration")];
  return startMs !== undefined && duration !== undefined && nowMs > endOfDurationMs(startMs, duration);
}
