import type { Colocation, Constraint, Location, Order, ResourceSet, TicketConstraint } from "../../model/constraint.ts";
import type { Rule } from "../../model/nvset.ts";
import { childNamed, childrenNamed, type XmlElement } from "../xml.ts";
import type { CibContext } from "./context.ts";
import { readRule } from "./nvsets.ts";

/** Reads everything below `<constraints>`, in the order it is written. */
export function readConstraints(context: CibContext, parent: XmlElement | undefined): readonly Constraint[] {
  const constraints: Constraint[] = [];
  for (const element of parent?.children ?? []) {
    const constraint = readConstraint(context, element);
    if (constraint === undefined) context.unknown(element);
    else constraints.push(constraint);
  }
  return constraints;
}

function readConstraint(context: CibContext, element: XmlElement): Constraint | undefined {
  switch (element.name) {
    case "rsc_location":
      return readLocation(context, element);
    case "rsc_colocation":
      return readColocation(context, element);
    case "rsc_order":
      return readOrder(context, element);
    case "rsc_ticket":
      return readTicket(context, element);
    default:
      return undefined;
  }
}

function readBase(context: CibContext, element: XmlElement) {
  return { id: context.need(element, "id"), at: context.at(element) };
}

function readLifetime(context: CibContext, element: XmlElement): { readonly lifetime?: Rule } {
  const rule = childNamed(childNamed(element, "lifetime"), "rule");
  return rule === undefined ? {} : { lifetime: readRule(context, rule) };
}

function readSets(context: CibContext, element: XmlElement): readonly ResourceSet[] {
  return childrenNamed(element, "resource_set").map((written) => {
    const set = context.follow(written);
    const get = (name: string) => set.attributes.get(name);
    return {
      id: get("id") ?? "",
      resources: childrenNamed(set, "resource_ref").map((one) => context.need(one, "id")),
      sequential: get("sequential"),
      requireAll: get("require-all"),
      ordering: get("ordering"),
      role: get("role"),
      action: get("action"),
      score: get("score"),
      kindOfOrder: get("kind"),
    };
  });
}

function readLocation(context: CibContext, element: XmlElement): Location {
  const get = (name: string) => element.attributes.get(name);
  return {
    kind: "location",
    ...readBase(context, element),
    resource: get("rsc"),
    pattern: get("rsc-pattern"),
    sets: readSets(context, element),
    role: get("role"),
    node: get("node"),
    score: get("score"),
    rules: childrenNamed(element, "rule").map((rule) => readRule(context, rule)),
    discovery: get("resource-discovery"),
    ...readLifetime(context, element),
  };
}

function readColocation(context: CibContext, element: XmlElement): Colocation {
  const get = (name: string) => element.attributes.get(name);
  return {
    kind: "colocation",
    ...readBase(context, element),
    score: get("score"),
    dependent: get("rsc"),
    dependentRole: get("rsc-role"),
    primary: get("with-rsc"),
    primaryRole: get("with-rsc-role"),
    nodeAttribute: get("node-attribute"),
    influence: get("influence"),
    sets: readSets(context, element),
    ...readLifetime(context, element),
  };
}

function readOrder(context: CibContext, element: XmlElement): Order {
  const get = (name: string) => element.attributes.get(name);
  return {
    kind: "order",
    ...readBase(context, element),
    first: get("first"),
    firstAction: get("first-action"),
    then: get("then"),
    thenAction: get("then-action"),
    orderKind: get("kind"),
    score: get("score"),
    symmetrical: get("symmetrical"),
    requireAll: get("require-all"),
    sets: readSets(context, element),
    ...readLifetime(context, element),
  };
}

function readTicket(context: CibContext, element: XmlElement): TicketConstraint {
  const get = (name: string) => element.attributes.get(name);
  return {
    kind: "ticket",
    ...readBase(context, element),
    ticket: context.need(element, "ticket"),
    resource: get("rsc"),
    role: get("rsc-role"),
    lossPolicy: get("loss-policy"),
    sets: readSets(context, element),
  };
}
