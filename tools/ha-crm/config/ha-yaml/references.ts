import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { hint } from "../../../../shared/text/did-you-mean.ts";
import type { Position } from "../../../../shared/text/position.ts";
import type { Cluster } from "../../model/cluster.ts";
import type { Constraint } from "../../model/constraint.ts";
import { pcsReasons } from "../../model/pcs-reasons.ts";
import { primitivesOf, type Resource } from "../../model/resource.ts";

/** Ids of resources, also of those inside groups and clones. */
function idsOf(resource: Resource): readonly string[] {
  if (resource.kind === "clone") return [resource.id, ...idsOf(resource.child)];
  return resource.kind === "group" ? [resource.id, ...resource.members.map((one) => one.id)] : [resource.id];
}

function namedBy(one: Constraint): readonly string[] {
  const inSets = one.sets.flatMap((set) => set.resources);
  const direct =
    one.kind === "colocation"
      ? [one.dependent, one.primary]
      : one.kind === "order"
        ? [one.first, one.then]
        : [one.resource];
  return [...direct.filter((id) => id !== undefined), ...inSets];
}

/** Every id that is named must be there, and none twice. */
export function checkReferences(cluster: Cluster): readonly Reason[] {
  const problems: Reason[] = [];
  const seen = new Set<string>();
  const claim = (id: string, at: Position | undefined) => {
    if (seen.has(id)) problems.push(reason(pcsReasons, "CRM_YAML_TWICE", { id }, at));
    seen.add(id);
  };
  for (const one of [...cluster.templates, ...cluster.resources]) {
    for (const id of one.kind === "template" ? [one.id] : idsOf(one)) claim(id, one.at);
  }
  for (const one of [...cluster.constraints, ...cluster.tags]) claim(one.id, one.at);
  const resources = cluster.resources.flatMap(idsOf);
  const need = (id: string, known: readonly string[], what: string, where: string, at: Position | undefined) => {
    if (known.includes(id)) return;
    const text = known.length === 0 ? "there is none at all" : hint(id, known);
    problems.push(reason(pcsReasons, "CRM_YAML_NO_SUCH", { where, id, what, hint: text }, at));
  };
  const targets = [...resources, ...cluster.tags.map((tag) => tag.id), ...cluster.templates.map((one) => one.id)];
  for (const one of cluster.constraints) {
    for (const id of namedBy(one)) need(id, targets, "resource", one.id, one.at);
  }
  for (const tag of cluster.tags) for (const id of tag.references) need(id, resources, "resource", tag.id, tag.at);
  for (const level of cluster.fencingLevels) {
    for (const id of level.devices) need(id, resources, "fencing device", `the level ${level.id}`, level.at);
  }
  const templates = cluster.templates.map((one) => one.id);
  for (const one of cluster.resources.flatMap((two) => [...primitivesOf(two)])) {
    if (one.template !== undefined) need(one.template, templates, "template", one.id, one.at);
  }
  return problems;
}
