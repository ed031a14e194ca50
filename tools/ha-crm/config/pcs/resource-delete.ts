import { isStonith, membersOf, outerOf } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { dropConstraintsOf, dropFromLevels, tagsOf } from "./references.ts";
import { needResource, needStonith } from "./target.ts";
import type { TreeElement } from "./tree.ts";

/** Everything that goes with a resource: what is in it, and what is left empty without it. */
function goesWith(resource: TreeElement): readonly TreeElement[] {
  const all = [...resource.walk()].filter((one) =>
    ["primitive", "group", "clone", "master", "bundle"].includes(one.name),
  );
  let top = resource;
  for (let outer = outerOf(top); outer !== undefined; outer = outerOf(outer)) {
    const alone = membersOf(outer).length === 1;
    if (!alone) break;
    all.push(outer);
    top = outer;
  }
  return all;
}

function remove(command: PcsCommand, resource: TreeElement): void {
  const { cib } = command;
  const going = goesWith(resource);
  for (const one of going) {
    const tag = tagsOf(cib, one.id)[0];
    if (tag !== undefined) {
      command.problem("CRM_PCS_REFERENCED", { id: one.id, by: `the tag ${tag.id}` }, command.words[0]);
    }
  }
  for (const one of going) {
    dropConstraintsOf(cib, one.id);
    if (isStonith(one)) dropFromLevels(cib, one.id);
  }
  const top = going.find((one) => outerOf(one) === undefined || !going.includes(outerOf(one) ?? one));
  (top ?? resource).detach();
}

function only(command: PcsCommand): string {
  const [id, more] = command.words;
  if (id === undefined) command.wrongUse("name the resource to delete");
  if (more !== undefined) command.wrongUse("one resource can be deleted at a time", more);
  return id;
}

export const deleteVerbs: readonly PcsVerb[] = [
  {
    words: ["resource", "delete"],
    aliases: [["resource", "remove"]],
    usage: "ID",
    summary: "Delete a resource, a group or a clone with all in it, and the constraints that name it",
    run(command: PcsCommand) {
      remove(command, needResource(command, only(command)));
    },
  },
  {
    words: ["stonith", "delete"],
    aliases: [["stonith", "remove"]],
    usage: "ID",
    summary: "Delete a fencing device, also from fencing levels",
    run(command: PcsCommand) {
      remove(command, needStonith(command, only(command), "delete"));
    },
  },
];
