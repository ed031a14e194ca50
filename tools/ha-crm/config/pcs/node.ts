import type { PcsCommand, PcsVerb } from "./context.ts";
import { nvPairs, updateNvSet } from "./nv.ts";
import { needNode } from "./target.ts";
import type { TreeElement } from "./tree.ts";
import { readPairs } from "./words.ts";

function chosen(command: PcsCommand): readonly TreeElement[] {
  if (command.flags.has("all")) {
    if (command.words.length > 0) command.wrongUse("either --all or names", command.words[0]);
    return command.cib.nodes();
  }
  if (command.words.length === 0)
    command.wrongUse("name the nodes: a file doesn't tell which one this is; or give --all");
  return command.words.map((name) => needNode(command, name));
}

function setAttribute(command: PcsCommand, node: TreeElement, pairs: ReadonlyMap<string, string>): void {
  updateNvSet(command.cib, node, "instance_attributes", pairs, {
    id: `nodes-${node.id}`,
    keepEmpty: true,
    asGiven: true,
  });
}

function mode(name: string, on: boolean): (command: PcsCommand) => void {
  return (command: PcsCommand) => {
    for (const node of chosen(command)) setAttribute(command, node, new Map([[name, on ? "on" : ""]]));
  };
}

const nameOf = (node: TreeElement) => node.get("uname") ?? node.id;

function show(command: PcsCommand, title: string, tag: "instance_attributes" | "utilization"): string {
  const [wanted] = command.words;
  const nodes = wanted === undefined ? command.cib.nodes() : [needNode(command, wanted)];
  const only = command.flags.get("name");
  const lines = nodes.flatMap((node) => {
    const pairs = [...nvPairs(node, tag)].filter(([name]) => only === undefined || name === only);
    if (pairs.length === 0) return [];
    return [` ${nameOf(node)}: ${pairs.map(([name, value]) => `${name}=${value}`).join(" ")}`];
  });
  return [title, ...lines].join("\n");
}

function attribute(command: PcsCommand): string | void {
  const [name, ...rest] = command.words;
  if (name === undefined || rest.length === 0) return show(command, "Node Attributes:", "instance_attributes");
  const node = needNode(command, name);
  const pairs = readPairs(command, rest);
  const has = nvPairs(node, "instance_attributes");
  for (const [key, value] of pairs) {
    if (value !== "" || has.has(key)) continue;
    const known = [...has.keys()];
    const data = {
      what: `attribute of ${name}`,
      id: key,
      hint: known.length === 0 ? "it has none" : `it has ${known.join(", ")}`,
    };
    command.problem("CRM_PCS_NO_SUCH", data, `${key}=`);
  }
  setAttribute(command, node, pairs);
}

function utilization(command: PcsCommand): string | void {
  const [name, ...rest] = command.words;
  if (name === undefined || rest.length === 0) return show(command, "Node Utilization:", "utilization");
  const node = needNode(command, name);
  const pairs = readPairs(command, rest);
  for (const [key, value] of pairs) {
    if (value !== "" && !/^[+-]?\d+$/.test(value)) {
      command.problem("CRM_PCS_VALUE", { name: key, value, hint: "use a whole number" }, `${key}=${value}`);
    }
  }
  updateNvSet(command.cib, node, "utilization", pairs, { id: `nodes-${node.id}-utilization`, keepEmpty: true });
}

const usage = "NODE… | --all";

export const nodeVerbs: readonly PcsVerb[] = [
  {
    words: ["node", "standby"],
    usage,
    summary: "Let nothing run on nodes",
    flags: ["all"],
    run: mode("standby", true),
  },
  {
    words: ["node", "unstandby"],
    usage,
    summary: "Let resources run on nodes again",
    flags: ["all"],
    run: mode("standby", false),
  },
  {
    words: ["node", "maintenance"],
    usage,
    summary: "Leave everything on nodes as it is",
    flags: ["all"],
    run: mode("maintenance", true),
  },
  {
    words: ["node", "unmaintenance"],
    usage,
    summary: "Take nodes into care again",
    flags: ["all"],
    run: mode("maintenance", false),
  },
  {
    words: ["node", "attribute"],
    usage: "[NODE [NAME=VALUE…]] [--name NAME]",
    summary: "Show or set attributes of nodes; an empty value removes one",
    flags: ["name"],
    run: attribute,
  },
  {
    words: ["node", "utilization"],
    usage: "[NODE [NAME=VALUE…]] [--name NAME]",
    summary: "Show or set what a node has to give",
    flags: ["name"],
    run: utilization,
  },
];
