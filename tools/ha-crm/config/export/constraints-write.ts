import type { Constraint, ResourceSet } from "../../model/constraint.ts";
import type { Rule } from "../../model/nvset.ts";
import { TreeElement } from "../pcs/tree.ts";
import type { CibWriter } from "./cib-write.ts";
import type { IdBook } from "./id-book.ts";

export function writeConstraint(constraint: Constraint, write: CibWriter, book: IdBook): TreeElement {
  const id = book.fresh(constraint.id);
  const sets = constraint.sets.map((set) => writeSet(set, book));
  const lifetime = (rule: Rule | undefined) =>
    rule === undefined ? [] : [TreeElement.make("lifetime", {}, [write.rule(rule)])];
  switch (constraint.kind) {
    case "location":
      return TreeElement.make(
        "rsc_location",
        {
          id,
          rsc: constraint.resource,
          "rsc-pattern": constraint.pattern,
          role: constraint.role,
          node: constraint.node,
          score: constraint.score,
          "resource-discovery": constraint.discovery,
        },
        [...sets, ...constraint.rules.map((rule) => write.rule(rule)), ...lifetime(constraint.lifetime)],
      );
    case "colocation":
      return TreeElement.make(
        "rsc_colocation",
        {
          id,
          score: constraint.score,
          rsc: constraint.dependent,
          "rsc-role": constraint.dependentRole,
          "with-rsc": constraint.primary,
          "with-rsc-role": constraint.primaryRole,
          "node-attribute": constraint.nodeAttribute,
          influence: constraint.influence,
        },
        [...sets, ...lifetime(constraint.lifetime)],
      );
    case "order":
      return TreeElement.make(
        "rsc_order",
        {
          id,
          first: constraint.first,
          "first-action": constraint.firstAction,
          then: constraint.then,
          "then-action": constraint.thenAction,
          kind: constraint.orderKind,
          score: constraint.score,
          symmetrical: constraint.symmetrical,
          "require-all": constraint.requireAll,
        },
        [...sets, ...lifetime(constraint.lifetime)],
      );
    case "ticket":
      return TreeElement.make(
        "rsc_ticket",
        {
          id,
          ticket: constraint.ticket,
          rsc: constraint.resource,
          "rsc-role": constraint.role,
          "loss-policy": constraint.lossPolicy,
        },
        sets,
      );
    default:
      return constraint satisfies never;
  }
}

function writeSet(set: ResourceSet, book: IdBook): TreeElement {
  // The same set may be used by several constraints.
  if (set.id !== "" && !book.claim(set.id)) return TreeElement.make("resource_set", { "id-ref": set.id });
  return TreeElement.make(
    "resource_set",
    {
      id: set.id === "" ? book.fresh("set") : set.id,
      sequential: set.sequential,
      "require-all": set.requireAll,
      ordering: set.ordering,
      role: set.role,
      action: set.action,
      score: set.score,
      kind: set.kindOfOrder,
    },
    set.resources.map((id) => TreeElement.make("resource_ref", { id })),
  );
}
