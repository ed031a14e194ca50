import type { PcsCommand, PcsVerb } from "./context.ts";
import { TreeElement } from "./tree.ts";
import { checkNewId } from "./words.ts";

function tags(command: PcsCommand): readonly TreeElement[] {
  return command.cib.peek("tags")?.all("tag") ?? [];
}

function needTag(command: PcsCommand, id: string): TreeElement {
  const found = tags(command).find((one) => one.id === id);
  if (found !== undefined) return found;
  return command.noSuch(
    "tag",
    id,
    tags(command).map((one) => one.id),
  );
}

/** Only resources can be tagged. */
function checkMembers(command: PcsCommand, ids: readonly string[]): void {
  for (const [index, id] of ids.entries()) {
    if (ids.indexOf(id) !== index)
      command.problem("CRM_PCS_USAGE", { problem: `${id} is named twice`, usage: command.usage }, id);
    if (command.cib.resource(id) !== undefined) continue;
    const other = command.cib.find(id);
    if (other === undefined) {
      command.noSuch(
        "resource",
        id,
        command.cib.resources().map((one) => one.id),
      );
    }
    const data = { id, kind: other.name, wanted: "a resource", fix: "only resources can be tagged" };
    command.problem("CRM_PCS_KIND", data, id);
  }
}

function create(command: PcsCommand): void {
  const [id, ...members] = command.words;
  if (id === undefined || members.length === 0) command.wrongUse("a tag needs an id and at least one resource");
  checkNewId(command, id);
  checkMembers(command, members);
  const tag = TreeElement.make(
    "tag",
    { id },
    members.map((one) => TreeElement.make("obj_ref", { id: one })),
  );
  command.cib.section("tags").append(tag);
}

function remove(command: PcsCommand): void {
  if (command.words.length === 0) command.wrongUse("name at least one tag");
  for (const id of command.words) needTag(command, id).detach();
}

/** Words behind `add` and behind `remove`. */
function readChange(command: PcsCommand): { readonly add: readonly string[]; readonly remove: readonly string[] } {
  const lists: Record<"add" | "remove", string[]> = { add: [], remove: [] };
  let current: string[] | undefined;
  for (const word of command.words.slice(1)) {
    if (word === "add") current = lists.add;
    else if (word === "remove" || word === "delete") current = lists.remove;
    else if (current === undefined) command.wrongUse(`"add" or "remove" is expected before ${word}`, word);
    else current.push(word);
  }
  if (lists.add.length + lists.remove.length === 0) command.wrongUse("there is nothing to change");
  return lists;
}

function update(command: PcsCommand): void {
  const [id] = command.words;
  if (id === undefined) command.wrongUse("name the tag");
  const tag = needTag(command, id);
  const change = readChange(command);
  checkMembers(command, change.add);
  const both = change.add.find((one) => change.remove.includes(one));
  if (both !== undefined) command.wrongUse(`${both} is to be added and removed at once`, both);
  const refs = () => tag.all("obj_ref");
  for (const one of change.remove) {
    if (refs().every((ref) => ref.id !== one)) {
      const known = refs().map((ref) => ref.id);
      command.noSuch(`entry of ${id}`, one, known);
    }
  }
  const [flag, anchorId] = [...command.flags].find(([name]) => name === "before" || name === "after") ?? [];
  const anchor = anchorId === undefined ? undefined : refs().find((ref) => ref.id === anchorId);
  if (anchorId !== undefined && (anchor === undefined || change.add.includes(anchorId))) {
    command.noSuch(
      `entry of ${id} to put them beside`,
      anchorId,
      refs().map((ref) => ref.id),
    );
  }
  const rest = refs().filter((ref) => !change.add.includes(ref.id));
  const next = flag === "after" && anchor !== undefined ? rest[rest.indexOf(anchor) + 1] : anchor;
  for (const one of change.add) {
    const ref = refs().find((old) => old.id === one) ?? TreeElement.make("obj_ref", { id: one });
    if (flag !== undefined || ref.parent === undefined) tag.insert(ref, next);
  }
  for (const one of change.remove)
    refs()
      .find((ref) => ref.id === one)
      ?.detach();
  if (refs().length === 0) {
    command.refuse("CRM_PCS_LAST", { what: `the tag ${id}`, fix: `remove it as a whole: ha-crm tag remove ${id}` }, id);
  }
}

export function tagLines(all: readonly TreeElement[]): readonly string[] {
  return all.flatMap((tag) => [tag.id, ...tag.all("obj_ref").map((ref) => `  ${ref.id}`)]);
}

function show(command: PcsCommand): string {
  const all = command.words.length === 0 ? tags(command) : command.words.map((id) => needTag(command, id));
  return all.length === 0 ? " No tags defined" : tagLines(all).join("\n");
}

export const tagVerbs: readonly PcsVerb[] = [
  { words: ["tag", "create"], usage: "TAG ID…", summary: "Give resources a common name", run: create },
  {
    words: ["tag", "delete"],
    aliases: [["tag", "remove"]],
    usage: "TAG…",
    summary: "Remove tags; the resources stay",
    run: remove,
  },
  {
    words: ["tag", "update"],
    usage: "TAG [add ID… [--before ID | --after ID]] [remove ID…]",
    summary: "Change what a tag stands for",
    flags: ["before", "after"],
    run: update,
  },
  {
    words: ["tag"],
    aliases: [
      ["tag", "config"],
      ["tag", "list"],
    ],
    usage: "[TAG…]",
    summary: "Show tags",
    looks: true,
    run: show,
  },
];
