import type { Cluster } from "../model/cluster.ts";
import type { DateExpression, NvSet, Rule } from "../model/nvset.ts";
import { primitivesOf } from "../model/resource.ts";
import { addDuration, matchesDateSpec, nextChange, parseIsoTime } from "./dates.ts";

/** A specification such as "weekdays 1-5" is followed this far in steps of its finest unit, and no further. */
const MOST_STEPS = 4000;

/**
 * When the dates in the rules of a configuration change their answer next.
 * @returns seconds since 1970; undefined when no rule has a date that will still change anything
 */
export function nextRuleChange(cluster: Cluster, now: number): number | undefined {
  return nextChange(now, ...rulesOf(cluster).flatMap((rule) => changesOf(rule, now)));
}

function rulesOf(cluster: Cluster): readonly Rule[] {
  const primitives = [...cluster.templates, ...cluster.resources.flatMap((one) => [...primitivesOf(one)])];
  const sets: readonly NvSet[] = [
    ...cluster.properties,
    ...cluster.resourceDefaults,
    ...cluster.operationDefaults,
    ...[...cluster.resources, ...cluster.templates].flatMap((one) => [...one.meta, ...one.instance]),
    ...primitives.flatMap((one) => [...one.meta, ...one.instance, ...one.utilization]),
    ...primitives.flatMap((one) => one.operations.flatMap((operation) => [...operation.meta, ...operation.instance])),
    ...cluster.nodes.flatMap((node) => [...node.attributes, ...node.utilization]),
  ];
  const written = cluster.constraints.flatMap((one) => {
    const lifetime = one.kind === "ticket" || one.lifetime === undefined ? [] : [one.lifetime];
    return one.kind === "location" ? [...lifetime, ...one.rules] : lifetime;
  });
  return [...written, ...sets.flatMap((set) => set.rule ?? [])];
}

function changesOf(rule: Rule, now: number): readonly (number | undefined)[] {
  return rule.parts.flatMap((part) => {
    if (part.kind === "rule") return changesOf(part.rule, now);
    return part.kind === "date" ? changesOfDate(part, now) : [];
  });
}

function changesOfDate(part: DateExpression, now: number): readonly (number | undefined)[] {
  const start = part.start === undefined ? undefined : parseIsoTime(part.start);
  const written = part.end === undefined ? undefined : parseIsoTime(part.end);
  const counted = start === undefined || part.duration === undefined ? undefined : addDuration(start, part.duration);
  const end = written ?? counted;
  const after = (time: number | undefined) => (time === undefined ? undefined : time + 1);
  switch (part.operation) {
    case "gt":
      return [after(start)];
    case "lt":
      return [end];
    case "in_range":
      return [start, after(end)];
    case "date_spec":
      return part.spec === undefined ? [] : [changeOfSpec(part.spec, now)];
    default:
      return part.operation satisfies never;
  }
}

function changeOfSpec(spec: Readonly<Record<string, string>>, now: number): number | undefined {
  const step =
    spec["seconds"] !== undefined
      ? 1
      : spec["minutes"] !== undefined
        ? 60
        : spec["hours"] !== undefined
          ? 3600
          : 86_400;
  const holds = matchesDateSpec(now, spec);
  let at = (Math.floor(now / step) + 1) * step;
  for (let count = 0; count < MOST_STEPS; count += 1, at += step) if (matchesDateSpec(at, spec) !== holds) return at;
  return undefined;
}
