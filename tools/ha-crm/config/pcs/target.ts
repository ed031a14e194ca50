import { isStonith, outerOf, primitivesBelow } from "./cib-edit.ts";
import type { PcsCommand } from "./context.ts";
import type { TreeElement } from "./tree.ts";

/** The resource with this id, or a refusal that names what is near. */
export function needResource(command: PcsCommand, id: string): TreeElement {
  const found = command.cib.resource(id);
  if (found !== undefined) return found;
  const known = command.cib.resources().map((one) => one.id);
  return command.noSuch("resource", id, known);
}

export function needStonith(command: PcsCommand, id: string, verb: string): TreeElement {
  const found = needResource(command, id);
  if (!isStonith(found)) command.refuse("CRM_PCS_NOT_STONITH", { id, verb }, id);
  return found;
}

/** Resources by id, and those that tags stand for. */
export function resourcesOrTags(command: PcsCommand, ids: readonly string[]): readonly TreeElement[] {
  if (ids.length === 0) command.wrongUse("name at least one resource");
  return ids.flatMap((id) => {
    const tag = command.cib
      .peek("tags")
      ?.all("tag")
      .find((one) => one.id === id);
    if (tag === undefined) return [needResource(command, id)];
    return tag.all("obj_ref").flatMap((one) => command.cib.resource(one.id) ?? []);
  });
}

/**
 * A resource that a constraint may name. Parts of clones are refused: which instance would be meant? Members of
 * groups may be named.
 */
export function constrainable(command: PcsCommand, id: string): TreeElement {
  const found = needResource(command, id);
  for (let outer = outerOf(found); outer !== undefined; outer = outerOf(outer)) {
    if (["clone", "master", "bundle"].includes(outer.name)) {
      command.unlessForced("CRM_PCS_INSIDE", { id, outer: outer.id, kind: outer.name }, id);
    }
  }
  return found;
}

export function needNode(command: PcsCommand, name: string): TreeElement {
  const found = command.cib.node(name);
  if (found !== undefined) return found;
  const known = command.cib.nodes().map((one) => one.get("uname") ?? one.id);
  return command.noSuch("node", name, known);
}

/** The primitive that an operation or an agent's option belongs to. */
export function needPrimitive(command: PcsCommand, id: string): TreeElement {
  const found = needResource(command, id);
  if (found.name === "primitive") return found;
  const inside = primitivesBelow(found)
    .map((one) => one.id)
    .join(", ");
  const data = { id, kind: found.name, wanted: "a primitive", fix: `name one of its primitives: ${inside}` };
  return command.refuse("CRM_PCS_KIND", data, id);
}
