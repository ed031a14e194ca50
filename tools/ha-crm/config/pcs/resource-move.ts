import { isClone, outerOf } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { nvValue } from "./nv.ts";
import { needNode, needResource } from "./target.ts";
import { TreeElement } from "./tree.ts";
import { isTrue } from "./words.ts";

const DURATION = /^P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** The moment a duration (ISO 8601) from now, as Pacemaker writes it. */
function endOf(command: PcsCommand, word: string): string {
  const text = word.slice("lifetime=".length);
  const found = DURATION.exec(text);
  if (found === null) {
    command.refuse(
      "CRM_PCS_VALUE",
      { name: "lifetime", value: text, hint: 'write a duration as in ISO 8601: "P1D", "PT30M"' },
      word,
    );
  }
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  const end = new Date(command.world.nowMs);
  end.setUTCFullYear(end.getUTCFullYear() + years, end.getUTCMonth() + months, end.getUTCDate() + weeks * 7 + days);
  end.setTime(end.getTime() + ((hours * 60 + minutes) * 60 + seconds) * 1000);
  return `${end.toISOString().slice(0, 19).replace("T", " ")}Z`;
}

interface MoveWords {
  readonly resource: TreeElement;
  readonly node: string | undefined;
  readonly end: string | undefined;
  readonly role: "Started" | "Promoted";
}

function isPromotable(resource: TreeElement): boolean {
  if (resource.name === "master") return true;
  return resource.name === "clone" && isTrue(nvValue(resource, "meta_attributes", "promotable"));
}

function readWords(command: PcsCommand): MoveWords {
  const [id, ...rest] = command.words;
  if (id === undefined) command.wrongUse("name the resource");
  const resource = needResource(command, id);
  const lifetime = rest.find((word) => word.startsWith("lifetime="));
  const [node, more] = rest.filter((word) => word !== lifetime);
  if (more !== undefined) command.wrongUse("one node at a time", more);
  const outer = outerOf(resource);
  // A ban counts for every instance; a preference for one of them makes no sense.
  if (isClone(outer) && command.verb.words[1]?.startsWith("move") === true) {
    command.refuse("CRM_PCS_INSIDE", { id, outer: outer.id, kind: outer.name }, id);
  }
  const promoted = command.flags.has("promoted") || command.flags.has("master");
  if (promoted && !isPromotable(resource)) {
    const fix = "leave --promoted out, or name the promotable clone";
    command.refuse("CRM_PCS_KIND", { id, kind: resource.name, wanted: "a promotable clone", fix }, id);
  }
  if (node !== undefined) needNode(command, node);
  return {
    resource,
    node,
    end: lifetime === undefined ? undefined : endOf(command, lifetime),
    role: promoted ? "Promoted" : "Started",
  };
}

/** Where the resource runs now is not in a configuration, so the node must be named. */
function needsNode(command: PcsCommand, node: string | undefined): string {
  if (node !== undefined) return node;
  const fix = "name the node: the file doesn't tell where the resource runs";
  return command.refuse("CRM_PCS_NOT_ON_FILE", { what: "choosing the node the resource runs on", fix });
}

/** A rule instead of a plain node: it ends by itself. */
function lasting(
  base: string,
  ids: readonly [string, string, string],
  node: string,
  score: string,
  end: string,
): TreeElement {
  return TreeElement.make("rule", { id: `${base}${ids[0]}`, score, "boolean-op": "and" }, [
    TreeElement.make("expression", {
      id: `${base}${ids[1]}`,
      attribute: "#uname",
      operation: "eq",
      value: node,
      type: "string",
    }),
    TreeElement.make("date_expression", { id: `${base}${ids[2]}`, operation: "lt", end }),
  ]);
}

function put(command: PcsCommand, words: MoveWords, node: string, kind: "prefer" | "ban"): void {
  const { cib } = command;
  const rsc = words.resource.id;
  const id = kind === "prefer" ? `cli-prefer-${rsc}` : `cli-ban-${rsc}-on-${node}`;
  const score = kind === "prefer" ? "INFINITY" : "-INFINITY";
  cib.find(id)?.detach();
  const element = TreeElement.make("rsc_location", { id, rsc, role: words.role });
  if (words.end === undefined) {
    element.set("node", node);
    element.set("score", score);
  } else if (kind === "ban") element.append(lasting(id, ["-rule", "-expr", "-lifetime"], node, score, words.end));
  else {
    const rule = lasting("cli-prefer-", [`rule-${rsc}`, `expr-${rsc}`, `lifetime-end-${rsc}`], node, score, words.end);
    element.append(rule);
  }
  cib.section("constraints").append(element);
}

function move(command: PcsCommand): void {
  const words = readWords(command);
  const node = needsNode(command, words.node);
  if (isClone(words.resource) && !isPromotable(words.resource)) {
    const fix = `ban it from nodes instead: ha-crm resource ban ${words.resource.id} NODE`;
    command.refuse(
      "CRM_PCS_KIND",
      { id: words.resource.id, kind: "clone", wanted: "a resource that runs once", fix },
      words.resource.id,
    );
  }
  // An earlier ban on that node would make the wish void.
  command.cib.find(`cli-ban-${words.resource.id}-on-${node}`)?.detach();
  put(command, words, node, "prefer");
}

function ban(command: PcsCommand): void {
  const words = readWords(command);
  const node = needsNode(command, words.node);
  put(command, words, node, "ban");
  const problem = `${words.resource.id} can't run on ${node} any more, even when it is the last node, until "ha-crm resource clear ${words.resource.id}"`;
  command.warn("CRM_PCS_NO_SERVICE", { problem });
}

/** The moment up to which a constraint of ours counts, in milliseconds since 1970. */
function endsAtMs(constraint: TreeElement): number | undefined {
  const end = [...constraint.walk()].find((one) => one.name === "date_expression")?.get("end");
  const found = end === undefined ? Number.NaN : Date.parse(end.replace(" ", "T"));
  return Number.isNaN(found) ? undefined : found;
}

function clear(command: PcsCommand): void {
  const words = readWords(command);
  const rsc = words.resource.id;
  const nodeOf = (one: TreeElement) =>
    one.get("node") ?? [...one.walk()].find((part) => part.get("attribute") === "#uname")?.get("value");
  for (const one of command.cib.constraints()) {
    const ours = one.id === `cli-prefer-${rsc}` || one.id.startsWith(`cli-ban-${rsc}-on-`);
    if (!ours || one.get("rsc") !== rsc) continue;
    if (words.node !== undefined && nodeOf(one) !== words.node) continue;
    if (words.role === "Promoted" && one.get("role") !== "Promoted" && one.get("role") !== "Master") continue;
    if (command.flags.has("expired") && (endsAtMs(one) ?? Number.POSITIVE_INFINITY) > command.world.nowMs) continue;
    one.detach();
  }
}

export const moveVerbs: readonly PcsVerb[] = [
  {
    words: ["resource", "move-with-constraint"],
    usage: "ID NODE [lifetime=DURATION] [--promoted]",
    summary: "Let a resource prefer a node above all, until it is cleared",
    flags: ["promoted", "master"],
    run: move,
  },
  {
    words: ["resource", "move"],
    usage: "ID [NODE] [--promoted]",
    summary: "Move a resource once; needs a running cluster",
    flags: ["promoted", "master", "strict"],
    run(command: PcsCommand) {
      const [id] = command.words;
      if (id !== undefined) needResource(command, id);
      const fix = `on a file, write the wish down: ha-crm -f FILE resource move-with-constraint ${id ?? "ID"} NODE`;
      command.refuse("CRM_PCS_NOT_ON_FILE", { what: "moving a resource and forgetting about it", fix });
    },
  },
  {
    words: ["resource", "ban"],
    usage: "ID NODE [lifetime=DURATION] [--promoted]",
    summary: "Keep a resource off a node, until it is cleared",
    flags: ["promoted", "master"],
    run: ban,
  },
  {
    words: ["resource", "clear"],
    usage: "ID [NODE] [--promoted] [--expired]",
    summary: "Forget what move and ban have written down",
    flags: ["promoted", "master", "expired"],
    run: clear,
  },
];
