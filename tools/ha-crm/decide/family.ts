import { ROLE, type Role } from "./roles.ts";
import type { SchedNode, SchedResource } from "./world.ts";

/** Questions about a resource together with its members or instances. */
export function allPrimitives(resource: SchedResource): readonly SchedResource[] {
  if (resource.children.length === 0) return resource.kind === "primitive" ? [resource] : [];
  return resource.children.flatMap((child) => [...allPrimitives(child)]);
}

export function findDescendant(resource: SchedResource, name: string): SchedResource | undefined {
  if (resource.name === name) return resource;
  for (const child of resource.children) {
    const found = findDescendant(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Nodes where it is active now. */
export function activeLocations(resource: SchedResource): readonly SchedNode[] {
  return locations(resource, (one) => one.runningOn);
}

/** Nodes where it will be. */
export function nextLocations(resource: SchedResource): readonly SchedNode[] {
  return locations(resource, (one) => (one.assigned === undefined ? [] : [one.assigned]));
}

function locations(resource: SchedResource, of: (one: SchedResource) => readonly SchedNode[]): readonly SchedNode[] {
  if (resource.children.length === 0) return of(resource);
  const found: SchedNode[] = [];
  for (const child of resource.children) {
    for (const node of locations(child, of)) if (!found.includes(node)) found.push(node);
  }
  return found;
}

/** The one node where it will be; undefined when it is none or several. */
export function nextLocation(resource: SchedResource): SchedNode | undefined {
  if (resource.children.length === 0) return resource.assigned;
  const found = nextLocations(resource);
  return found.length === 1 ? found[0] : undefined;
}

export function currentLocation(resource: SchedResource): SchedNode | undefined {
  const found = activeLocations(resource);
  return found.length === 1 ? found[0] : undefined;
}

/** The role now, or next: of a group the role of the highest member, of a clone the highest instance. */
export function roleNow(resource: SchedResource): Role {
  return highest(resource, (one) => one.role);
}

export function roleNext(resource: SchedResource): Role {
  return highest(resource, (one) => one.nextRole);
}

function highest(resource: SchedResource, of: (one: SchedResource) => Role): Role {
  if (resource.children.length === 0) return of(resource);
  let role: Role = ROLE.unknown;
  for (const child of resource.children) {
    const childRole = highest(child, of);
    if (childRole > role) role = childRole;
  }
  return role;
}

export interface ActiveNode {
  /** The node it counts as being on. */
  readonly node: SchedNode | undefined;
  readonly all: number;
  readonly clean: number;
}

/** The node a resource counts as being on when it is on several: the source of a migration, or else the first clean one. */
export function activeNode(resource: SchedResource): ActiveNode {
  const running = activeLocations(resource);
  let node: SchedNode | undefined;
  let clean = 0;
  const source = resource.migrationSource;
  for (const one of running) {
    const happy = one.online && !one.unclean;
    if (happy) clean += 1;
    if (node === undefined || one === source) node = one;
    else if (node !== source && !resource.needsFencing && happy && !(node.online && !node.unclean)) node = one;
  }
  return { node, all: running.length, clean };
}

export function currentNode(resource: SchedResource): SchedNode | undefined {
  const first = resource.runningOn[0];
  return resource.children.length === 0 && resource.runningOn.length < 2 ? first : activeNode(resource).node;
}

export function anyFailed(resource: SchedResource): boolean {
  return resource.failed || resource.children.some(anyFailed);
}

/** `blocked`, of itself or (for all that is around it) of its family. */
export function anyBlocked(resource: SchedResource): boolean {
  return resource.blocked || resource.children.some(anyBlocked);
}

export function isActive(resource: SchedResource): boolean {
  return activeLocations(resource).length > 0;
}

export function isInClone(resource: SchedResource): boolean {
  return resource.top.kind === "clone";
}
