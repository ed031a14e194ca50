import { activeLocations } from "./family.ts";
import { ROLE, roleName } from "./roles.ts";
import type { SchedResource, World } from "./world.ts";

export interface ActiveAt {
  readonly node: string;
  readonly role: "Started" | "Promoted" | "Unpromoted";
}

/** Where every primitive is active, by its id without instance number; nodes in the order of their names. */
export type Placement = Readonly<Record<string, readonly ActiveAt[]>>;

/** Reads the placement out of a working set: where things are now. */
export function currentPlacement(world: World): Placement {
  const found = new Map<string, ActiveAt[]>();
  for (const resource of world.all) {
    if (resource.kind !== "primitive") continue;
    if (resource.orphan && resource.runningOn.length === 0) continue;
    const list = found.get(resource.name) ?? [];
    found.set(resource.name, list);
    if (isShown(resource))
      for (const node of resource.runningOn) list.push({ node: node.name, role: shownRole(resource) });
  }
  return Object.fromEntries([...found].map(([name, list]) => [name, list.toSorted(compareActive)]));
}

/**
 * A group, clone or instance that is left alone and is only on nodes that are gone isn't shown as active, as crm_mon
 * doesn't show it.
 */
function isShown(primitive: SchedResource): boolean {
  for (let one = primitive.parent; one !== undefined; one = one.parent) {
    if (one.runningOn.length === 0 && !activeLocations(one).some((node) => node.online)) return false;
  }
  return true;
}

function compareActive(left: ActiveAt, right: ActiveAt): number {
  if (left.node !== right.node) return left.node < right.node ? -1 : 1;
  return left.role < right.role ? -1 : left.role > right.role ? 1 : 0;
}

/** Instances of promotable clones are never merely started. */
export function shownRole(resource: SchedResource): ActiveAt["role"] {
  if (resource.role === ROLE.started && resource.top.promotable) return "Unpromoted";
  const name = roleName(resource.role);
  return name === "Promoted" || name === "Unpromoted" ? name : "Started";
}
