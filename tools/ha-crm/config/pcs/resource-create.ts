import { agentFacts, checkAgentOptions, findAgent, type AgentName } from "./agent.ts";
import { membersOf } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { makeNvSet, updateNvSet } from "./nv.ts";
import {
  byName,
  checkIntervals,
  checkOperations,
  defaultOperations,
  makeOperation,
  readOperations,
} from "./operation.ts";
import { TreeElement } from "./tree.ts";
import { checkNewId, isPair, readPairs, splitAt, wordsOf, type Pairs } from "./words.ts";

const KEYWORDS = ["op", "meta", "clone", "promotable", "bundle"];

export const resourceCreate: PcsVerb = {
  words: ["resource", "create"],
  usage:
    "ID AGENT [NAME=VALUE]… [op ACTION [NAME=VALUE]…]… [meta NAME=VALUE…] " +
    "[clone [ID] [NAME=VALUE]… | promotable [ID] [NAME=VALUE]… | --group ID [--before ID | --after ID]] " +
    "[--disabled] [--no-default-ops]",
  summary: "Add a resource",
  flags: ["group", "before", "after", "disabled", "no-default-ops"],
  example: {
    run: "ha-crm -f cib.xml resource create vip ocf:heartbeat:IPaddr2 ip=10.0.0.100 cidr_netmask=24 op monitor interval=30s",
    does: "adds a floating address that is looked at every 30 seconds",
  },
  run(command: PcsCommand) {
    const [id, agentWord, ...rest] = command.words;
    if (id === undefined || agentWord === undefined) command.wrongUse("a resource needs an id and an agent");
    const agent = findAgent(command, agentWord);
    if (agent.class === "stonith") command.refuse("CRM_PCS_STONITH_HERE", { id }, agentWord);
    createPrimitive(command, id, agent, agentWord, rest);
  },
};

export const stonithCreate: PcsVerb = {
  words: ["stonith", "create"],
  usage:
    "ID AGENT [NAME=VALUE]… [op ACTION [NAME=VALUE]…]… [meta NAME=VALUE…] [--group ID [--before ID | --after ID]] [--disabled]",
  summary: "Add a fencing device",
  flags: ["group", "before", "after", "disabled", "no-default-ops"],
  example: {
    run: "ha-crm -f cib.xml stonith create fence_node1 fence_ipmilan ip=192.168.1.200 username=admin password=… pcmk_host_list=node1",
    does: "adds a device that can switch node1 off",
  },
  run(command: PcsCommand) {
    const [id, type, ...rest] = command.words;
    if (id === undefined || type === undefined) command.wrongUse("a fencing device needs an id and an agent");
    if (type.includes(":")) command.refuse("CRM_PCS_AGENT_FORM", { agent: type }, type);
    for (const word of ["clone", "promotable"]) {
      if (rest.includes(word))
        command.wrongUse("a fencing device can't be cloned: one instance serves all nodes", word);
    }
    // A cluster only ever monitors a device; it fences through another way.
    createPrimitive(command, id, { class: "stonith", type }, type, rest);
  },
};

function createPrimitive(
  command: PcsCommand,
  id: string,
  agent: AgentName,
  word: string,
  rest: readonly string[],
): void {
  const { cib } = command;
  const parts = splitAt(rest, KEYWORDS);
  const instance = readPairs(command, parts.get("")?.[0] ?? []);
  const meta = readPairs(command, wordsOf(parts, "meta") ?? []);
  const operations = readOperations(command, parts.get("op") ?? []);
  checkNewId(command, id);
  const facts = agentFacts(command, agent, word);
  for (const [name, value] of instance) {
    if (value === "") {
      command.problem("CRM_PCS_VALUE", { name, value, hint: "a new resource has nothing to remove" }, `${name}=`);
    }
  }
  checkAgentOptions(command, facts, instance);
  checkOperations(command, operations, facts);
  checkIntervals(command, id, operations);
  const monitorOnly = command.flags.has("no-default-ops") || agent.class === "stonith";
  const all = [...operations, ...defaultOperations(facts, operations, monitorOnly)].toSorted(byName);
  const outer = readOuter(command, id, parts);
  const element = TreeElement.make("primitive", { id, class: agent.class, type: agent.type, provider: agent.provider });
  if (instance.size > 0)
    element.append(makeNvSet(cib, "instance_attributes", cib.freeId(`${id}-instance_attributes`), instance));
  if (meta.size > 0) element.append(makeNvSet(cib, "meta_attributes", cib.freeId(`${id}-meta_attributes`), meta));
  const reserved = new Set<string>();
  const made = all.map((one) => makeOperation(cib, id, one, reserved));
  element.append(TreeElement.make("operations", {}, made));
  place(command, element, outer);
  if (command.flags.has("disabled")) {
    const target = outer.kind === "clone" ? (element.parent ?? element) : element;
    const before = target.children[0];
    updateNvSet(cib, target, "meta_attributes", new Map([["target-role", "Stopped"]]), { before });
  }
}

type Outer =
  | { readonly kind: "none" }
  | { readonly kind: "clone"; readonly id: string | undefined; readonly meta: Pairs; readonly promotable: boolean }
  | { readonly kind: "group"; readonly id: string };

/** Where the new resource goes: on its own, into a new clone, into a group. */
function readOuter(command: PcsCommand, id: string, parts: ReadonlyMap<string, readonly (readonly string[])[]>): Outer {
  if (parts.has("bundle")) {
    command.refuse("CRM_PCS_REFUSED_WORD", { what: "bundle", fix: "containers are not scheduled yet" }, "bundle");
  }
  const group = command.flags.get("group");
  const clone = wordsOf(parts, "clone");
  const promotable = wordsOf(parts, "promotable");
  const chosen = [group, clone, promotable].filter((one) => one !== undefined).length;
  if (chosen > 1) command.wrongUse("only one of clone, promotable and --group can be chosen");
  if (group === undefined) {
    for (const flag of ["before", "after"]) {
      if (command.flags.has(flag)) command.wrongUse(`--${flag} says where in a group; --group is missing`, `--${flag}`);
    }
  } else return { kind: "group", id: group };
  const words = clone ?? promotable;
  if (words === undefined) return { kind: "none" };
  const [first] = words;
  const named = first !== undefined && !isPair(first);
  const pairs = readPairs(command, named ? words.slice(1) : words);
  const cloneId = named ? first : undefined;
  if (cloneId !== undefined) checkNewId(command, cloneId);
  if (cloneId === id) command.refuse("CRM_PCS_ID_TAKEN", { id, element: "primitive" }, id);
  if (promotable !== undefined) pairs.set("promotable", "true");
  return { kind: "clone", id: cloneId, meta: pairs, promotable: promotable !== undefined };
}

function place(command: PcsCommand, element: TreeElement, outer: Outer): void {
  const { cib } = command;
  const resources = cib.section("resources");
  switch (outer.kind) {
    case "none":
      resources.append(element);
      return;
    case "clone": {
      const id = outer.id ?? cib.freeId(`${element.id}-clone`, new Set([element.id]));
      const clone = TreeElement.make("clone", { id });
      clone.append(element);
      if (outer.meta.size > 0) {
        clone.append(makeNvSet(cib, "meta_attributes", cib.freeId(`${id}-meta_attributes`), outer.meta));
      }
      resources.append(clone);
      return;
    }
    case "group":
      intoGroup(command, outer.id, [element]);
      return;
    default:
      outer satisfies never;
  }
}

/** Puts resources into a group, which is made when it isn't there; `--before` and `--after` say where. */
export function intoGroup(command: PcsCommand, id: string, members: readonly TreeElement[]): void {
  const { cib } = command;
  const existing = cib.find(id);
  if (existing !== undefined && existing.name !== "group") {
    const data = { id, kind: existing.name, wanted: "a group", fix: "choose another name for the group" };
    command.refuse("CRM_PCS_KIND", data, id);
  }
  const group = existing ?? TreeElement.make("group", { id });
  if (existing === undefined) checkNewId(command, id);
  const before = anchor(command, group, "before");
  const after = anchor(command, group, "after");
  if (before !== undefined && after !== undefined)
    command.wrongUse("only one of --before and --after can be given", "--after");
  const moved = new Set(members);
  for (const fixed of [before, after]) {
    if (fixed !== undefined && moved.has(fixed)) command.wrongUse(`${fixed.id} can't be put beside itself`, fixed.id);
  }
  if (existing === undefined) cib.section("resources").append(group);
  const siblings = membersOf(group).filter((one) => !moved.has(one));
  const next = before ?? (after === undefined ? undefined : siblings[siblings.indexOf(after) + 1]);
  // Without a place: behind the last member, before attributes that may follow.
  const last = siblings.at(-1);
  const children = group.children.filter((one) => !moved.has(one));
  const behind = last === undefined ? children[0] : children[children.indexOf(last) + 1];
  for (const member of members) group.insert(member, next ?? behind);
}

function anchor(command: PcsCommand, group: TreeElement, flag: "before" | "after"): TreeElement | undefined {
  const id = command.flags.get(flag);
  if (id === undefined) return undefined;
  const members = membersOf(group);
  const found = members.find((one) => one.id === id);
  const known = members.map((one) => one.id).join(", ");
  if (found === undefined) {
    const hintText = known === "" ? "the group is empty" : `it holds ${known}`;
    command.refuse("CRM_PCS_IN_GROUP", { id, group: group.id, hint: hintText }, id);
  }
  return found;
}
