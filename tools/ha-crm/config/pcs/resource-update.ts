import { hint } from "../../../../shared/text/did-you-mean.ts";
import { checkAgentOptions } from "./agent.ts";
import { isClone } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { updateNvSet } from "./nv.ts";
import { checkOperations, makeOperation, readOperations, timeMs, type OperationWords } from "./operation.ts";
import { needPrimitive, needResource, needStonith } from "./target.ts";
import { TreeElement } from "./tree.ts";
import { isPair, readPairs, splitAt, wordsOf } from "./words.ts";

/** What the agent of a primitive says of itself; a template's resource is not checked. */
function factsOf(command: PcsCommand, resource: TreeElement) {
  const [kind, type] = [resource.get("class"), resource.get("type")];
  if (kind === undefined || type === undefined) return undefined;
  return command.world.agent([kind, resource.get("provider"), type].filter((word) => word !== undefined).join(":"));
}

function operationsOf(resource: TreeElement): TreeElement {
  const found = resource.child("operations");
  return found ?? resource.append(TreeElement.make("operations"));
}

function update(command: PcsCommand): void {
  const [id, ...rest] = command.words;
  if (id === undefined) command.wrongUse("name the resource to change");
  const resource = command.verb.words[0] === "stonith" ? needStonith(command, id, "update") : needResource(command, id);
  const parts = splitAt(rest, ["op", "meta"]);
  const pairs = readPairs(command, parts.get("")?.[0] ?? []);
  const meta = readPairs(command, wordsOf(parts, "meta") ?? []);
  const operations = readOperations(command, parts.get("op") ?? []);
  if (pairs.size + meta.size + operations.length === 0) command.wrongUse("there is nothing to change");
  if (resource.name !== "primitive") {
    // Clones and groups have meta attributes only.
    if (operations.length > 0) needPrimitive(command, id);
    if (!isClone(resource)) needPrimitive(command, id);
    updateNvSet(command.cib, resource, "meta_attributes", new Map([...pairs, ...meta]), { keepEmpty: true });
    return;
  }
  const facts = factsOf(command, resource);
  checkAgentOptions(command, facts, pairs, "given");
  checkOperations(command, operations, facts);
  updateNvSet(command.cib, resource, "instance_attributes", pairs, { keepEmpty: true });
  updateNvSet(command.cib, resource, "meta_attributes", meta, { keepEmpty: true });
  for (const operation of operations) replaceOperation(command, resource, operation);
}

/** The first operation of this action is made anew; one is added when there is none. */
function replaceOperation(command: PcsCommand, resource: TreeElement, words: OperationWords): void {
  const operations = operationsOf(resource);
  const all = operations.all("op");
  const old = all.find((op) => op.get("name") === words.name);
  const next = old === undefined ? undefined : all[all.indexOf(old) + 1];
  old?.detach();
  refuseSame(command, resource, words);
  // A removed last operation takes its blanks along; the section itself stays in its place.
  if (operations.parent === undefined) resource.append(operations);
  operations.insert(makeOperation(command.cib, resource.id, words, new Set(), "added"), next);
}

function refuseSame(command: PcsCommand, resource: TreeElement, words: OperationWords): void {
  const interval = words.options.get("interval") ?? (words.name === "monitor" ? "60s" : "0s");
  const same = operationsOf(resource)
    .all("op")
    .find((op) => op.get("name") === words.name && timeMs(op.get("interval") ?? "0s") === timeMs(interval));
  if (same !== undefined) {
    command.refuse("CRM_PCS_OP_SAME", { resource: resource.id, name: words.name, interval }, `interval=${interval}`);
  }
}

function addOperation(command: PcsCommand): void {
  const [id, ...rest] = command.words;
  if (id === undefined || rest.length === 0) command.wrongUse("name a resource and an action");
  const resource = needPrimitive(command, id);
  const [words, more] = readOperations(command, [rest]);
  if (words === undefined || more !== undefined) command.wrongUse("one operation can be added at a time", rest.at(-1));
  checkOperations(command, [words], factsOf(command, resource));
  refuseSame(command, resource, words);
  const twin = operationsOf(resource)
    .all("op")
    .find((op) => op.get("name") === words.name);
  // Several monitors make sense when they differ in role or depth; otherwise the second is a slip.
  const differs = words.options.has("role") || words.options.has("OCF_CHECK_LEVEL");
  if (twin !== undefined && !differs) {
    const interval = twin.get("interval") ?? "0s";
    command.unlessForced("CRM_PCS_OP_SAME", { resource: id, name: words.name, interval }, words.name);
  }
  operationsOf(resource).append(makeOperation(command.cib, id, words, new Set(), "added"));
}

function deleteOperation(command: PcsCommand): void {
  const [first, name, ...rest] = command.words;
  if (first === undefined) command.wrongUse("name an operation, or a resource and an action");
  if (name === undefined) {
    const found = command.cib.find(first);
    if (found?.name !== "op") {
      const known = [...command.cib.all()].filter((one) => one.name === "op").map((one) => one.id);
      command.noSuch("operation", first, known);
    }
    found.detach();
    return;
  }
  if (isPair(name)) command.wrongUse("after the resource its action is missing", name);
  const wanted = readPairs(command, rest);
  const all = operationsOf(needPrimitive(command, first)).all("op");
  const found = all.find((op) => {
    if (op.get("name") !== name) return false;
    const has = [...op.attributes].filter(([key]) => key !== "id" && key !== "name");
    const said = [...wanted].filter(([key]) => key !== "id");
    if (said.length === 0) return has.every(([key]) => key === "interval" || key === "timeout");
    return (
      said.every(([key, value]) => op.get(key) === value) && has.every(([key]) => key === "interval" || wanted.has(key))
    );
  });
  if (found === undefined) {
    const known = all.map((op) => op.id);
    command.refuse(
      "CRM_PCS_NO_SUCH",
      { what: "operation", id: `${name} ${rest.join(" ")}`.trim(), hint: hint(name, known) },
      name,
    );
  }
  found.detach();
}

function meta(command: PcsCommand): void {
  const [id, ...rest] = command.words;
  if (id === undefined || rest.length === 0) command.wrongUse("name a resource and meta attributes");
  const resource = command.verb.words[0] === "stonith" ? needStonith(command, id, "meta") : needResource(command, id);
  updateNvSet(command.cib, resource, "meta_attributes", readPairs(command, rest), { keepEmpty: true, asGiven: true });
}

function utilization(command: PcsCommand): string | void {
  const [id, ...rest] = command.words;
  if (id === undefined || rest.length === 0) return showUtilization(command, id);
  const pairs = readPairs(command, rest);
  for (const [name, value] of pairs) {
    if (value !== "" && !/^[+-]?\d+$/.test(value)) {
      command.problem("CRM_PCS_VALUE", { name, value, hint: "use a whole number" }, `${name}=${value}`);
    }
  }
  const resource = needPrimitive(command, id);
  updateNvSet(command.cib, resource, "utilization", pairs, { keepEmpty: true });
}

function showUtilization(command: PcsCommand, id: string | undefined): string {
  const all = id === undefined ? command.cib.resources() : [needResource(command, id)];
  const lines = all.flatMap((one) => {
    const pairs = one.all("utilization").flatMap((set) => set.all("nvpair"));
    if (pairs.length === 0) return [];
    return [` ${one.id}: ${pairs.map((pair) => `${pair.get("name") ?? ""}=${pair.get("value") ?? ""}`).join(" ")}`];
  });
  return ["Resource Utilization:", ...lines].join("\n");
}

/** The same verb for resources and for fencing devices. */
function both(words: string, rest: Omit<PcsVerb, "words">): readonly PcsVerb[] {
  return [
    { words: ["resource", ...words.split(" ")], ...rest },
    { words: ["stonith", ...words.split(" ")], ...rest },
  ];
}

export const updateVerbs: readonly PcsVerb[] = [
  ...both("update", {
    usage: "ID [NAME=VALUE]… [op ACTION [NAME=VALUE]…]… [meta NAME=VALUE…]",
    summary: "Change options, operations and meta attributes; an empty value removes one",
    run: update,
  }),
  ...both("meta", {
    usage: "ID NAME=VALUE…",
    summary: "Change meta attributes; an empty value removes one",
    run: meta,
  }),
  ...both("op add", { usage: "ID ACTION [NAME=VALUE]…", summary: "Add an operation", run: addOperation }),
  {
    words: ["resource", "op", "delete"],
    aliases: [
      ["resource", "op", "remove"],
      ["stonith", "op", "delete"],
      ["stonith", "op", "remove"],
    ],
    usage: "OPERATION-ID | ID ACTION [NAME=VALUE]…",
    summary: "Remove an operation",
    run: deleteOperation,
  },
  {
    words: ["resource", "utilization"],
    usage: "[ID [NAME=VALUE]…]",
    summary: "Show or set what a resource needs of a node",
    run: utilization,
  },
];
