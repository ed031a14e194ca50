/** The model → the section `crm:` of ha.yaml, for `ha-crm import`. Ids that follow from others are left out. */
import { lookUp } from "../../../../shared/text/lookup.ts";
import { stringify } from "yaml";
import type { Cluster, FencingLevel, NodeConfig } from "../../model/cluster.ts";
import type { Constraint, ResourceSet } from "../../model/constraint.ts";
import type { NvSet, Rule, RulePart } from "../../model/nvset.ts";
import { formatAgent, type Operation, type Primitive, type Resource, type Template } from "../../model/resource.ts";
import { formatScore } from "../../model/score.ts";
import { levelId, operationId, setId } from "./ids.ts";

type Section = Record<string, unknown>;

/** Drops what says nothing: undefined, empty maps and lists. */
function sparse(section: Section): Section {
  return Object.fromEntries(
    Object.entries(section).filter(([, value]) => {
      if (value === undefined) return false;
      if (Array.isArray(value)) return value.length > 0;
      return !(typeof value === "object" && value !== null && Object.keys(value).length === 0);
    }),
  );
}

/** Numbers and truth values without quotes, when reading them back gives the same text. */
function plain(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return /^-?(0|[1-9]\d{0,14})$/.test(text) && text !== "-0" ? Number(text) : text;
}

const optional = (text: string | undefined) => (text === undefined ? undefined : plain(text));
const valuesOf = (set: NvSet) => Object.fromEntries(set.pairs.map((pair) => [pair.name, plain(pair.value)]));

function ruleSection(rule: Rule, usualId: string): Section {
  return sparse({
    id: rule.id === usualId ? undefined : rule.id,
    score: optional(rule.score),
    scoreAttribute: rule.scoreAttribute,
    role: rule.role,
    [rule.join]: rule.parts.map(partSection),
  });
}

function partSection(part: RulePart): Section {
  switch (part.kind) {
    case "rule": {
      const { id: _id, ...rest } = ruleSection(part.rule, part.rule.id);
      return rest;
    }
    case "attribute":
      return sparse({
        attribute: part.attribute,
        is: part.operation,
        value: optional(part.value),
        type: part.type,
        valueSource: part.valueSource,
      });
    case "date":
      return sparse({
        date: part.operation,
        start: part.start,
        end: part.end,
        duration: part.duration,
        spec: part.spec,
      });
    case "op":
      return { operation: sparse({ name: part.name, interval: part.interval }) };
    case "resource":
      return { resource: sparse({ class: part.class, provider: part.provider, type: part.type }) };
    default:
      return part satisfies never;
  }
}

/** A plain map when there is one set with the usual id and without a condition. */
function setsSection(sets: readonly NvSet[], usualId: string): unknown {
  const [first] = sets;
  if (first === undefined) return undefined;
  const simple = sets.length === 1 && first.id === usualId && first.rule === undefined && first.score === undefined;
  if (simple) return first.pairs.length === 0 ? undefined : valuesOf(first);
  return sets.map((set) =>
    sparse({
      id: set.id,
      score: set.score === undefined ? undefined : plain(formatScore(set.score)),
      rule: set.rule === undefined ? undefined : ruleSection(set.rule, `${set.id}-rule`),
      values: valuesOf(set),
    }),
  );
}

const OWN_WORDS: Readonly<Record<string, string>> = {
  timeout: "timeout",
  role: "role",
  "on-fail": "onFail",
  requires: "requires",
  enabled: "enabled",
  "start-delay": "startDelay",
};

function operationSection(resource: string, op: Operation): Section {
  const words = Object.entries(op.options).flatMap(([name, value]) => {
    const word = lookUp(OWN_WORDS, name);
    return word === undefined ? [] : [[word, plain(value)] as const];
  });
  const other = Object.entries(op.options).flatMap(([name, value]) =>
    lookUp(OWN_WORDS, name) === undefined ? [[name, plain(value)] as const] : [],
  );
  return sparse({
    id: op.id === operationId(resource, op.name, op.interval) ? undefined : op.id,
    name: op.name,
    interval: op.interval === "0" ? undefined : plain(op.interval),
    ...Object.fromEntries(words),
    other: Object.fromEntries(other),
    meta: setsSection(op.meta, setId(op.id, "meta_attributes")),
    options: setsSection(op.instance, setId(op.id, "instance_attributes")),
  });
}

function primitiveSection(one: Primitive | Template): Section {
  return sparse({
    id: one.id,
    description: one.description,
    agent: one.agent === undefined ? undefined : formatAgent(one.agent),
    template: one.template,
    options: setsSection(one.instance, setId(one.id, "instance_attributes")),
    meta: setsSection(one.meta, setId(one.id, "meta_attributes")),
    utilization: setsSection(one.utilization, setId(one.id, "utilization")),
    operations: one.operations.map((op) => operationSection(one.id, op)),
  });
}

function resourceSection(resource: Resource): Section {
  if (resource.kind === "primitive") return primitiveSection(resource);
  const common = {
    id: resource.id,
    description: resource.description,
    options: setsSection(resource.instance, setId(resource.id, "instance_attributes")),
    meta: setsSection(resource.meta, setId(resource.id, "meta_attributes")),
  };
  if (resource.kind === "group") return sparse({ ...common, members: resource.members.map(primitiveSection) });
  return sparse({
    ...common,
    oldMaster: resource.element === "master" ? true : undefined,
    clone: resourceSection(resource.child),
  });
}

function setSection(set: ResourceSet, index: number, constraint: string): Section {
  return sparse({
    id: set.id === setId(constraint, "set", index) ? undefined : set.id,
    resources: set.resources,
    sequential: optional(set.sequential),
    requireAll: optional(set.requireAll),
    ordering: set.ordering,
    role: set.role,
    action: set.action,
    score: optional(set.score),
    kind: set.kindOfOrder,
  });
}

function constraintSection(one: Constraint): Section {
  const sets = one.sets.map((set, index) => setSection(set, index, one.id));
  const lifetime = (rule: Rule | undefined) =>
    rule === undefined ? undefined : ruleSection(rule, `${one.id}-lifetime`);
  switch (one.kind) {
    case "location":
      return sparse({
        id: one.id,
        resource: one.resource,
        pattern: one.pattern,
        node: one.node,
        // A missing score counts as 0 in a CIB, and as INFINITY here.
        score: optional(one.score ?? (one.node === undefined ? undefined : "0")),
        role: one.role,
        discovery: one.discovery,
        sets,
        rules: one.rules.map((rule, index) => ruleSection(rule, setId(one.id, "rule", index))),
        lifetime: lifetime(one.lifetime),
      });
    case "colocation":
      return sparse({
        id: one.id,
        resource: one.dependent,
        with: one.primary,
        score: optional(one.score ?? "0"),
        role: one.dependentRole,
        withRole: one.primaryRole,
        nodeAttribute: one.nodeAttribute,
        influence: optional(one.influence),
        sets,
        lifetime: lifetime(one.lifetime),
      });
    case "order":
      return sparse({
        id: one.id,
        first: one.first,
        then: one.then,
        firstAction: one.firstAction,
        thenAction: one.thenAction,
        kind: one.orderKind,
        score: optional(one.score),
        symmetrical: optional(one.symmetrical),
        requireAll: optional(one.requireAll),
        sets,
        lifetime: lifetime(one.lifetime),
      });
    case "ticket":
      return sparse({
        id: one.id,
        ticket: one.ticket,
        resource: one.resource,
        role: one.role,
        lossPolicy: one.lossPolicy,
        sets,
      });
    default:
      return one satisfies never;
  }
}

function nodeSection(node: NodeConfig): Section {
  return sparse({
    name: node.name,
    id: plain(node.id),
    type: node.type === "member" ? undefined : node.type,
    score: optional(node.score),
    attributes: setsSection(node.attributes, `nodes-${node.id}`),
    utilization: setsSection(node.utilization, `nodes-${node.id}-utilization`),
  });
}

function levelSection(level: FencingLevel): Section {
  return sparse({
    id: level.id === levelId(level) ? undefined : level.id,
    level: level.index,
    node: level.target,
    pattern: level.targetPattern,
    attribute: level.targetAttribute,
    value: optional(level.targetValue),
    devices: level.devices,
  });
}

/** The whole text, with `crm:` at its top. */
export function writeCrmSection(cluster: Cluster): string {
  const ofKind = (kind: Constraint["kind"]) =>
    cluster.constraints.filter((one) => one.kind === kind).map(constraintSection);
  const crm = sparse({
    properties: setsSection(cluster.properties, "cib-bootstrap-options"),
    nodes: cluster.nodes.map(nodeSection),
    templates: cluster.templates.map(primitiveSection),
    resources: cluster.resources.map(resourceSection),
    locations: ofKind("location"),
    colocations: ofKind("colocation"),
    orders: ofKind("order"),
    tickets: ofKind("ticket"),
    tags: Object.fromEntries(cluster.tags.map((tag) => [tag.id, tag.references])),
    fencingLevels: cluster.fencingLevels.map(levelSection),
    alerts: cluster.alerts.map((alert) =>
      sparse({
        id: alert.id,
        path: alert.path,
        description: alert.description,
        meta: setsSection(alert.meta, setId(alert.id, "meta_attributes")),
        options: setsSection(alert.instance, setId(alert.id, "instance_attributes")),
        recipients: alert.recipients,
      }),
    ),
    resourceDefaults: setsSection(cluster.resourceDefaults, "rsc_defaults-meta_attributes"),
    operationDefaults: setsSection(cluster.operationDefaults, "op_defaults-meta_attributes"),
  });
  return stringify({ crm }, { lineWidth: 0, aliasDuplicateObjects: false });
}
