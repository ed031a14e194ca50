import { type CibEdit, CONSTRAINTS } from "./cib-edit.ts";
import type { TreeElement } from "./tree.ts";

/** Attributes of constraints that name a resource. */
const NAMING: readonly (readonly [string, string])[] = [
  ["rsc_location", "rsc"],
  ["rsc_colocation", "rsc"],
  ["rsc_colocation", "with-rsc"],
  ["rsc_order", "first"],
  ["rsc_order", "then"],
  ["rsc_ticket", "rsc"],
];

export function namesResource(constraint: TreeElement, id: string): boolean {
  return NAMING.some(([element, attribute]) => constraint.name === element && constraint.get(attribute) === id);
}

/** Constraints that name a resource themselves or in a set. */
export function constraintsOf(cib: CibEdit, id: string): readonly TreeElement[] {
  const inSet = (one: TreeElement) => [...one.walk()].some((part) => part.name === "resource_ref" && part.id === id);
  return cib.constraints().filter((one) => namesResource(one, id) || inSet(one));
}

/** Takes entries out of sets; a set without entries goes, and a constraint without sets. */
export function dropReferences(cib: CibEdit, id: string, kind?: string): void {
  for (const constraint of cib.constraints()) {
    if (kind !== undefined && constraint.name !== kind) continue;
    for (const set of constraint.all("resource_set")) {
      const gone = set.all("resource_ref").filter((one) => one.id === id);
      for (const one of gone) one.detach();
      if (gone.length > 0 && set.all("resource_ref").length === 0) set.detach();
      if (gone.length > 0 && constraint.all("resource_set").length === 0) constraint.detach();
    }
  }
}

/** Removes everything that names a resource: constraints, entries of sets, fencing levels. Tags are left. */
export function dropConstraintsOf(cib: CibEdit, id: string): void {
  for (const constraint of cib.constraints()) if (namesResource(constraint, id)) constraint.detach();
  dropReferences(cib, id);
}

/** In plain constraints, one resource takes the place of another; sets and tickets keep what they name, as with pcs. */
export function renameInConstraints(cib: CibEdit, from: string, to: string): void {
  for (const constraint of cib.constraints()) {
    for (const [element, attribute] of NAMING) {
      if (element === "rsc_ticket") continue;
      if (constraint.name === element && constraint.get(attribute) === from) constraint.set(attribute, to);
    }
  }
}

/** Takes a fencing device out of all levels; a level without devices goes. */
export function dropFromLevels(cib: CibEdit, device: string): void {
  const topology = cib.peek("fencing-topology");
  if (topology === undefined) return;
  for (const level of topology.all("fencing-level")) {
    const devices = (level.get("devices") ?? "").split(",");
    if (!devices.includes(device)) continue;
    const left = devices.filter((one) => one !== device);
    if (left.length > 0) level.set("devices", left.join(","));
    else level.detach();
  }
  cib.dropEmpty("fencing-topology");
}

export function tagsOf(cib: CibEdit, id: string): readonly TreeElement[] {
  const tags = cib.peek("tags")?.all("tag") ?? [];
  return tags.filter((tag) => tag.all("obj_ref").some((one) => one.id === id));
}

export function isConstraint(element: TreeElement): boolean {
  return CONSTRAINTS.has(element.name);
}
