import type { Clone } from "../model/resource.ts";
import type { ResourceHistory } from "../model/state.ts";
import { ORD } from "./action.ts";
import { clearFailures } from "./changed-parameters.ts";
import { failCount } from "./failures.ts";
import { addOrdering } from "./ordering-list.ts";
import { findDescendant } from "./family.ts";
import { banEverywhere } from "./scores.ts";
import { ResourceBuilder } from "./unpack-resources.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** A resource that is only in the history: it was removed from the configuration. It is stopped where it still runs. */
export function addOrphan(world: World, _node: SchedNode, history: ResourceHistory): SchedResource | undefined {
  const known = world.byId.get(history.resource);
  if (known !== undefined) return known.orphan ? known : undefined;
  const builder = new ResourceBuilder(world, new Map());
  const agent =
    history.type === undefined
      ? undefined
      : { class: history.class ?? "ocf", provider: history.provider, type: history.type };
  // An instance that its clone has no number for any more is shown with the others.
  const [suffix = ""] = /:\d+$/.exec(history.resource) ?? [];
  const id = history.resource.slice(0, history.resource.length - suffix.length);
  const resource = builder.build(
    { kind: "primitive", id, agent, meta: [], instance: [], operations: [], utilization: [] },
    undefined,
    suffix,
  );
  if (resource === undefined) return undefined;
  resource.orphan = true;
  resource.historyName = history.resource;
  world.resources.push(resource);
  if (!world.settings.stopOrphanResources) resource.managed = false;
  else banEverywhere(world, resource, "SCORE_ORPHAN", "stop-orphan-resources");
  return resource;
}

/** Failures of what was removed are forgotten before it is stopped. */
export function forgetOrphanFailures(world: World): void {
  if (!world.settings.stopOrphanResources) return;
  for (const resource of world.resources) {
    if (!resource.orphan) continue;
    for (const node of world.nodes) {
      if (!node.online || failCount(world, resource, node, true) === 0) continue;
      const firstAction = clearFailures(world, resource, node);
      addOrdering(world, { firstAction, then: resource, thenTask: "stop", flags: ORD.ordered });
    }
  }
}

/** An instance that is active although the clone has no place for it. */
export function addOrphanInstance(world: World, clone: SchedResource, name: string, _id: string): SchedResource {
  const builder = new ResourceBuilder(world, new Map(world.cluster.templates.map((one) => [one.id, one])));
  const config: Clone | undefined = clone.config?.kind === "clone" ? clone.config : undefined;
  if (config === undefined) throw new Error(`${clone.id} is no clone`);
  const child = builder.addInstance(clone, config, clone.children.length);
  const found = child === undefined ? undefined : findDescendant(child, name);
  if (child === undefined || found === undefined) throw new Error(`${clone.id} has no member ${name}`);
  markOrphan(child);
  return found;
}

function markOrphan(resource: SchedResource): void {
  resource.orphan = true;
  resource.children.forEach(markOrphan);
}
