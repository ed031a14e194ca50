import type { Constraint, ResourceSet } from "../../model/constraint.ts";
import { setId } from "./ids.ts";
import type { Place } from "./place.ts";
import { readRule, scoreText, textOf } from "./read-nvsets.ts";
import type { CrmSection, RuleSection, SetSection } from "./schema.ts";

function readSets(sets: readonly SetSection[] | undefined, constraint: string): readonly ResourceSet[] {
  return (sets ?? []).map((set, index) => ({
    id: set.id ?? setId(constraint, "set", index),
    resources: set.resources,
    sequential: textOf(set.sequential),
    requireAll: textOf(set.requireAll),
    ordering: set.ordering,
    role: set.role,
    action: set.action,
    score: scoreText(set.score),
    kindOfOrder: set.kind,
  }));
}

function readLifetime(rule: RuleSection | undefined, constraint: string, place: Place) {
  return rule === undefined ? {} : { lifetime: readRule(rule, `${constraint}-lifetime`, place.below("lifetime")) };
}

/** All constraints: locations, colocations, orderings, tickets. */
export function readConstraints(crm: CrmSection, place: Place): readonly Constraint[] {
  return [...locations(crm, place), ...colocations(crm, place), ...orders(crm, place), ...tickets(crm, place)];
}

function locations(crm: CrmSection, place: Place): readonly Constraint[] {
  return (crm.locations ?? []).map((one, index) => {
    const here = place.below("locations", index);
    return {
      kind: "location",
      id: one.id,
      at: here.at("id"),
      resource: one.resource,
      pattern: one.pattern,
      sets: readSets(one.sets, one.id),
      role: one.role,
      node: one.node,
      // As with pcs: who names a node and no score means it.
      score: scoreText(one.score ?? (one.node === undefined ? undefined : "INFINITY")),
      rules: (one.rules ?? []).map((rule, number) =>
        readRule(rule, setId(one.id, "rule", number), here.below("rules", number)),
      ),
      discovery: one.discovery,
      ...readLifetime(one.lifetime, one.id, here),
    };
  });
}

function colocations(crm: CrmSection, place: Place): readonly Constraint[] {
  return (crm.colocations ?? []).map((one, index) => {
    const here = place.below("colocations", index);
    return {
      kind: "colocation",
      id: one.id,
      at: here.at("id"),
      // As with pcs: who says no score means it. (In a CIB a missing score counts as 0.)
      score: scoreText(one.score ?? "INFINITY"),
      dependent: one.resource,
      dependentRole: one.role,
      primary: one.with,
      primaryRole: one.withRole,
      nodeAttribute: one.nodeAttribute,
      influence: textOf(one.influence),
      sets: readSets(one.sets, one.id),
      ...readLifetime(one.lifetime, one.id, here),
    };
  });
}

function orders(crm: CrmSection, place: Place): readonly Constraint[] {
  return (crm.orders ?? []).map((one, index) => {
    const here = place.below("orders", index);
    return {
      kind: "order",
      id: one.id,
      at: here.at("id"),
      first: one.first,
      firstAction: one.firstAction,
      then: one.then,
      thenAction: one.thenAction,
      orderKind: one.kind,
      score: scoreText(one.score),
      symmetrical: textOf(one.symmetrical),
      requireAll: textOf(one.requireAll),
      sets: readSets(one.sets, one.id),
      ...readLifetime(one.lifetime, one.id, here),
    };
  });
}

function tickets(crm: CrmSection, place: Place): readonly Constraint[] {
  return (crm.tickets ?? []).map((one, index) => ({
    kind: "ticket",
    id: one.id,
    at: place.below("tickets", index).at("id"),
    ticket: one.ticket,
    resource: one.resource,
    role: one.role,
    lossPolicy: one.lossPolicy,
    sets: readSets(one.sets, one.id),
  }));
}
