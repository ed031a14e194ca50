import type { ResourceSet } from "../model/constraint.ts";
import type { SchedResource, World } from "./world.ts";

/** What a name in a constraint may stand for: a resource, a template (all that use it), a tag (all it lists). */
export function resolveTargets(world: World, name: string): readonly SchedResource[] {
  const direct = findConstrained(world, name);
  if (direct !== undefined) return [direct];
  return (world.tags.get(name) ?? []).flatMap((one) => {
    const found = findConstrained(world, one);
    return found === undefined ? [] : [found];
  });
}

/** Constraints on what is inside of a clone count for the clone. */
export function findConstrained(world: World, name: string): SchedResource | undefined {
  const exact = world.byId.get(name);
  if (exact !== undefined) return exact.orphan ? undefined : ofClone(exact);
  const instance = world.byName.get(name)?.[0];
  return instance === undefined || instance.orphan ? undefined : ofClone(instance);
}

function ofClone(resource: SchedResource): SchedResource {
  return resource.kind !== "clone" && resource.top.kind === "clone" ? resource.top : resource;
}

export function isTagOrTemplate(world: World, name: string): boolean {
  return findConstrained(world, name) === undefined && world.tags.has(name);
}

/** The resources of a set with tags and templates spread out; undefined when one of them doesn't exist. */
export function resolveSet(world: World, set: ResourceSet): readonly SchedResource[] | undefined {
  const found: SchedResource[] = [];
  for (const name of set.resources) {
    const targets = resolveTargets(world, name);
    if (targets.length === 0) return undefined;
    found.push(...targets);
  }
  return found;
}

/** Templates are tags of the primitives that are made of them. */
export function unpackTags(world: World): void {
  const tags = new Map<string, string[]>();
  const add = (tag: string, name: string) => {
    const list = tags.get(tag);
    if (list === undefined) tags.set(tag, [name]);
    else if (!list.includes(name)) list.push(name);
  };
  for (const template of world.cluster.templates) if (!tags.has(template.id)) tags.set(template.id, []);
  for (const resource of world.all) {
    const config = resource.config;
    if (config?.kind === "primitive" && config.template !== undefined) add(config.template, resource.name);
  }
  for (const tag of world.cluster.tags) for (const name of tag.references) add(tag.id, name);
  for (const [tag, names] of tags) world.tags.set(tag, names);
}
