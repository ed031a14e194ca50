import { isClone, outerOf, primitivesBelow } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { updateNvSet } from "./nv.ts";
import { resourcesOrTags } from "./target.ts";
import type { TreeElement } from "./tree.ts";
import { isTrue } from "./words.ts";

/** Sets or removes a meta attribute; a set made for it stands in front, as with pcs. */
function setMeta(command: PcsCommand, resource: TreeElement, name: string, value: string): void {
  updateNvSet(command.cib, resource, "meta_attributes", new Map([[name, value]]), {
    keepEmpty: true,
    before: resource.children[0],
  });
}

/** A clone and what is in it, whichever of them was named: one that stays off would keep the other off. */
function withPartner(resource: TreeElement): readonly TreeElement[] {
  if (isClone(resource))
    return [resource, ...resource.children.filter((one) => one.name === "primitive" || one.name === "group")];
  const outer = outerOf(resource);
  return isClone(outer) ? [resource, outer] : [resource];
}

function enable(command: PcsCommand): void {
  for (const resource of resourcesOrTags(command, command.words)) {
    for (const one of withPartner(resource)) setMeta(command, one, "target-role", "");
  }
}

function disable(command: PcsCommand): void {
  for (const resource of resourcesOrTags(command, command.words)) setMeta(command, resource, "target-role", "Stopped");
}

function monitors(resource: TreeElement): readonly TreeElement[] {
  const operations = resource.child("operations");
  return operations?.all("op").filter((op) => op.get("name") === "monitor") ?? [];
}

function manage(command: PcsCommand): void {
  for (const resource of resourcesOrTags(command, command.words)) {
    const all = new Set<TreeElement>(resource.walk());
    for (let outer = outerOf(resource); outer !== undefined; outer = outerOf(outer)) all.add(outer);
    for (const one of all) {
      if (["primitive", "group", "clone", "master"].includes(one.name)) setMeta(command, one, "is-managed", "");
    }
    const primitives = primitivesBelow(resource);
    const off = primitives
      .flatMap(monitors)
      .filter((op) => op.get("enabled") !== undefined && !isTrue(op.get("enabled")));
    if (command.flags.has("monitor")) for (const op of off) op.set("enabled", undefined);
    else if (off.length > 0) {
      const names = primitives.map((one) => one.id).join(", ");
      command.warn("CRM_PCS_NO_SERVICE", {
        problem: `monitors of ${names} are still switched off; --monitor switches them on`,
      });
    }
  }
}

function unmanage(command: PcsCommand): void {
  for (const primitive of resourcesOrTags(command, command.words).flatMap(primitivesBelow)) {
    setMeta(command, primitive, "is-managed", "false");
    if (command.flags.has("monitor")) for (const op of monitors(primitive)) op.set("enabled", "false");
  }
}

const usage = "ID|TAG…";

export const stateVerbs: readonly PcsVerb[] = [
  { words: ["resource", "enable"], usage, summary: "Let the cluster start resources", flags: [], run: enable },
  { words: ["resource", "disable"], usage, summary: "Have resources stopped, and kept so", flags: [], run: disable },
  { words: ["stonith", "enable"], usage: "ID…", summary: "Let fencing devices be used", flags: [], run: enable },
  { words: ["stonith", "disable"], usage: "ID…", summary: "Keep fencing devices unused", flags: [], run: disable },
  {
    words: ["resource", "manage"],
    usage: `${usage} [--monitor]`,
    summary: "Give resources back to the cluster",
    flags: ["monitor"],
    run: manage,
  },
  {
    words: ["resource", "unmanage"],
    usage: `${usage} [--monitor]`,
    summary: "Leave resources as they are; the cluster neither starts nor stops them",
    flags: ["monitor"],
    run: unmanage,
  },
];
