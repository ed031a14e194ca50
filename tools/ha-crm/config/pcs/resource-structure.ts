import { isClone, isStonith, membersOf, outerOf, primitivesBelow } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { makeNvSet } from "./nv.ts";
import { constraintsOf, dropConstraintsOf, renameInConstraints, tagsOf } from "./references.ts";
import { intoGroup } from "./resource-create.ts";
import { needResource } from "./target.ts";
import { TreeElement } from "./tree.ts";
import { checkNewId, isPair, isTrue, readPairs, splitAt, wordsOf } from "./words.ts";

/** Refuses everything that can't be a member of a group. */
function checkMember(command: PcsCommand, id: string): TreeElement {
  const found = needResource(command, id);
  const outer = outerOf(found);
  const data = { id, wanted: "a primitive outside of clones" };
  if (found.name !== "primitive") {
    command.problem(
      "CRM_PCS_KIND",
      { ...data, kind: found.name, fix: "only primitives can be members of a group" },
      id,
    );
  } else if (outer !== undefined && outer.name !== "group") {
    const fix = `take it out first: ha-crm resource unclone ${outer.id}`;
    command.problem("CRM_PCS_KIND", { ...data, kind: `part of the ${outer.name} ${outer.id}`, fix }, id);
  }
  return found;
}

function groupAdd(command: PcsCommand): void {
  const [group, ...ids] = command.words;
  if (group === undefined || ids.length === 0) command.wrongUse("name a group and the resources for it");
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) command.wrongUse(`${twice} is named twice`, twice);
  const members = ids.map((id) => checkMember(command, id));
  const placed = command.flags.has("before") || command.flags.has("after");
  const there = placed ? undefined : members.find((one) => outerOf(one)?.id === group);
  if (there !== undefined) {
    command.wrongUse(`${there.id} is in ${group} already; --before or --after moves it`, there.id);
  }
  const left = new Set(members.map(outerOf).filter((one) => one !== undefined && one.id !== group));
  for (const old of left) if (old !== undefined) checkEmptied(command, old, members);
  intoGroup(command, group, members);
  for (const old of left) if (old !== undefined && membersOf(old).length === 0) removeEmptied(command, old);
}

/** A group that loses its last member goes; nothing but itself may refer to it then. */
function checkEmptied(command: PcsCommand, group: TreeElement, leaving: readonly TreeElement[]): void {
  if (membersOf(group).some((one) => !leaving.includes(one))) return;
  const outer = outerOf(group);
  for (const one of outer === undefined ? [group] : [group, outer]) {
    const by = constraintsOf(command.cib, one.id)[0] ?? tagsOf(command.cib, one.id)[0];
    if (by !== undefined) command.problem("CRM_PCS_REFERENCED", { id: one.id, by: by.id }, leaving[0]?.id);
  }
}

function removeEmptied(command: PcsCommand, group: TreeElement): void {
  const outer = outerOf(group);
  for (const one of outer === undefined ? [group] : [group, outer]) dropConstraintsOf(command.cib, one.id);
  (outer ?? group).detach();
}

function groupDelete(command: PcsCommand): void {
  const [id, ...ids] = command.words;
  if (id === undefined) command.wrongUse("name the group");
  const group = needResource(command, id);
  if (group.name !== "group") {
    command.refuse("CRM_PCS_KIND", { id, kind: group.name, wanted: "a group", fix: "name a group" }, id);
  }
  const members = membersOf(group);
  const leaving = ids.length === 0 ? members : members.filter((one) => ids.includes(one.id));
  for (const one of ids) {
    if (!members.some((member) => member.id === one)) {
      const known = members.map((member) => member.id).join(", ");
      command.problem("CRM_PCS_IN_GROUP", { id: one, group: id, hint: `it holds ${known}` }, one);
    }
  }
  const outer = outerOf(group);
  if (outer !== undefined && leaving.length > 1 && leaving.length === members.length) {
    const fix = `take the group out of ${outer.id} first, or leave one member in it`;
    command.refuse("CRM_PCS_LAST", { what: `the clone ${outer.id} of the group ${id}`, fix }, id);
  }
  const emptied = leaving.length === members.length;
  const tag = emptied ? tagsOf(command.cib, id)[0] : undefined;
  if (tag !== undefined) command.problem("CRM_PCS_REFERENCED", { id, by: `the tag ${tag.id}` }, id);
  const home = outer ?? command.cib.section("resources");
  for (const one of leaving) home.append(one);
  if (!emptied) return;
  group.detach();
  dropConstraintsOf(command.cib, id);
}

/** The name of a new clone and its meta attributes. */
function cloneWords(command: PcsCommand, words: readonly string[]) {
  const parts = splitAt(words, ["meta"]);
  const plain = parts.get("")?.[0] ?? [];
  const [first] = plain;
  const named = first !== undefined && !isPair(first);
  const meta = readPairs(command, [...(named ? plain.slice(1) : plain), ...(wordsOf(parts, "meta") ?? [])]);
  return { id: named ? first : undefined, meta };
}

function checkCloneable(command: PcsCommand, resource: TreeElement): void {
  const { id } = resource;
  const outer = outerOf(resource);
  const data = { id, wanted: "a primitive or a group" };
  if (isClone(resource) || (outer !== undefined && outer.name !== "group")) {
    command.problem(
      "CRM_PCS_KIND",
      { ...data, kind: outer === undefined ? "clone" : `part of ${outer.id}`, fix: "it is cloned already" },
      id,
    );
  }
  if (primitivesBelow(resource).some(isStonith)) {
    command.problem("CRM_PCS_KIND", { ...data, kind: "fencing device", fix: "one instance serves all nodes" }, id);
  }
}

/** Agents that can't be promoted would fail at the first attempt. */
function checkPromotable(command: PcsCommand, resource: TreeElement): void {
  for (const one of primitivesBelow(resource)) {
    const [kind, type] = [one.get("class") ?? "", one.get("type") ?? ""];
    const name = [kind, one.get("provider"), type].filter((word) => word !== undefined).join(":");
    const facts = command.world.agent(name);
    const can = facts?.actions.some((action) => action.name === "promote") ?? kind === "ocf";
    if (!can) {
      const data = { agent: name, action: "promote", hint: `clone it without promotable=true` };
      command.unlessForced("CRM_PCS_OP_ACTION", data, "promotable=true");
    }
  }
}

function clone(command: PcsCommand, promotable: boolean): void {
  const { cib } = command;
  const [id, ...rest] = command.words;
  if (id === undefined) command.wrongUse("name the resource to clone");
  const resource = needResource(command, id);
  const words = cloneWords(command, rest);
  if (promotable) words.meta.set("promotable", "true");
  checkCloneable(command, resource);
  if (isTrue(words.meta.get("promotable"))) checkPromotable(command, resource);
  if (words.id !== undefined) checkNewId(command, words.id);
  const cloneId = words.id ?? cib.freeId(`${id}-clone`);
  const group = outerOf(resource);
  if (group !== undefined) checkEmptied(command, group, [resource]);
  const element = TreeElement.make("clone", { id: cloneId });
  renameInConstraints(cib, id, cloneId);
  element.append(resource);
  if (words.meta.size > 0) {
    element.append(makeNvSet(cib, "meta_attributes", cib.freeId(`${cloneId}-meta_attributes`), words.meta));
  }
  cib.section("resources").append(element);
  if (group !== undefined && membersOf(group).length === 0) removeEmptied(command, group);
}

function unclone(command: PcsCommand): void {
  const { cib } = command;
  const [id] = command.words;
  if (id === undefined) command.wrongUse("name the clone");
  const found = needResource(command, id);
  let element: TreeElement | undefined = found;
  while (element !== undefined && !isClone(element)) element = outerOf(element);
  if (element === undefined) {
    command.refuse("CRM_PCS_KIND", { id, kind: found.name, wanted: "a clone", fix: "it is not cloned" }, id);
  }
  const [inside] = membersOf(element);
  const tag = tagsOf(cib, element.id)[0];
  if (tag !== undefined) command.problem("CRM_PCS_REFERENCED", { id: element.id, by: `the tag ${tag.id}` }, id);
  const gone = constraintsOf(cib, element.id).map((one) => one.id);
  if (gone.length > 0) {
    const problem = `constraints that named ${element.id} are removed or lose it: ${gone.join(", ")}`;
    command.warn("CRM_PCS_NO_SERVICE", { problem }, id);
  }
  dropConstraintsOf(cib, element.id);
  if (inside !== undefined) cib.section("resources").append(inside);
  element.detach();
}

export const structureVerbs: readonly PcsVerb[] = [
  {
    words: ["resource", "group", "add"],
    usage: "GROUP ID… [--before ID | --after ID]",
    summary: "Put resources into a group, which is made when it doesn't exist",
    flags: ["before", "after"],
    run: groupAdd,
  },
  {
    words: ["resource", "group", "delete"],
    aliases: [
      ["resource", "group", "remove"],
      ["resource", "ungroup"],
    ],
    usage: "GROUP [ID]…",
    summary: "Take resources out of a group; without ids dissolve it. No resource is deleted",
    run: groupDelete,
  },
  {
    words: ["resource", "clone"],
    usage: "ID [CLONE-ID] [NAME=VALUE]… [meta NAME=VALUE…]",
    summary: "Let a resource or a group run on several nodes",
    run: (command) => {
      clone(command, false);
    },
  },
  {
    words: ["resource", "promotable"],
    usage: "ID [CLONE-ID] [NAME=VALUE]… [meta NAME=VALUE…]",
    summary: "Clone a resource whose instances can be promoted",
    run: (command) => {
      clone(command, true);
    },
  },
  { words: ["resource", "unclone"], usage: "ID", summary: "Make a clone an ordinary resource again", run: unclone },
];
