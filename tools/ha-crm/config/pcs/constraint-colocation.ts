import type { PcsCommand, PcsVerb } from "./context.ts";
import { addSetConstraint, readSets } from "./resource-sets.ts";
import { constrainable } from "./target.ts";
import { TreeElement } from "./tree.ts";
import { checkBoolean, checkNewId, checkScore, idFrom, isPair, isScore, onlyOptions, readPairs } from "./words.ts";

const ROLES: Readonly<Record<string, string>> = {
  promoted: "Promoted",
  unpromoted: "Unpromoted",
  master: "Promoted",
  slave: "Unpromoted",
  started: "Started",
  stopped: "Stopped",
};

/** `[ROLE] RESOURCE`: one or two words. */
export function readRoleAndResource(
  command: PcsCommand,
  words: readonly string[],
): { role?: string; resource: string } {
  const [first, second, more] = words;
  if (first === undefined) command.wrongUse("a resource is missing");
  if (more !== undefined) command.wrongUse(`"${more}" has no place here`, more);
  if (second === undefined) {
    constrainable(command, first);
    return { resource: first };
  }
  const role = ROLES[first.toLowerCase()];
  if (role === undefined)
    command.refuse(
      "CRM_PCS_VALUE",
      { name: "a role", value: first, hint: "use Promoted, Unpromoted, Started or Stopped" },
      first,
    );
  if (/^(master|slave)$/i.test(first)) command.warn("CRM_PCS_DEPRECATED", { name: first, fix: `write ${role}` }, first);
  constrainable(command, second);
  return { role, resource: second };
}

function add(command: PcsCommand): void {
  const { cib, words } = command;
  const middle = words.indexOf("with");
  if (middle < 0) command.wrongUse('between the resources "with" is missing');
  const source = readRoleAndResource(command, words.slice(0, middle));
  const rest = words.slice(middle + 1);
  const named = rest.findIndex((word, index) => isPair(word) || (index > 0 && isScore(word)));
  const target = readRoleAndResource(command, named < 0 ? rest : rest.slice(0, named));
  const tail = named < 0 ? [] : rest.slice(named);
  const [first] = tail;
  const positional = first !== undefined && !isPair(first) ? first : undefined;
  const options = readPairs(command, positional === undefined ? tail : tail.slice(1));
  onlyOptions(command, "a colocation", options, ["id", "score", "influence", "node-attribute"]);
  const score = options.get("score") ?? positional ?? "INFINITY";
  checkScore(command, score, options.has("score") ? `score=${score}` : score);
  checkBoolean(command, "influence", options.get("influence"));
  const given = options.get("id");
  if (given !== undefined) checkNewId(command, given);
  // Both roles are written when one is: a missing role would mean any.
  const roles = source.role !== undefined || target.role !== undefined;
  refuseSame(command, source.resource, target.resource);
  const id =
    given ?? cib.freeId(idFrom(`colocation-${source.resource}-${target.resource}-${positional ?? "INFINITY"}`));
  cib.section("constraints").append(
    TreeElement.make("rsc_colocation", {
      id,
      rsc: source.resource,
      "rsc-role": roles ? (source.role ?? "Started") : undefined,
      "with-rsc": target.resource,
      "with-rsc-role": roles ? (target.role ?? "Started") : undefined,
      score,
      influence: options.get("influence"),
      "node-attribute": options.get("node-attribute"),
    }),
  );
}

function refuseSame(command: PcsCommand, source: string, target: string): void {
  const same = command.cib
    .constraints()
    .find((one) => one.name === "rsc_colocation" && one.get("rsc") === source && one.get("with-rsc") === target);
  if (same !== undefined) command.unlessForced("CRM_PCS_SAME_CONSTRAINT", { id: same.id }, source);
}

function addSets(command: PcsCommand): void {
  const { sets, options } = readSets(command, command.words, ["sequential", "role"]);
  onlyOptions(command, "a colocation", options, ["id", "score"]);
  const score = options.get("score");
  if (score !== undefined) checkScore(command, score, `score=${score}`);
  options.set("score", score ?? "INFINITY");
  addSetConstraint(command, "colocation", sets, Object.fromEntries(options));
}

function remove(command: PcsCommand): void {
  const [source, target, more] = command.words;
  if (source === undefined || target === undefined || more !== undefined) command.wrongUse("name two resources");
  const joins = (one: TreeElement) =>
    (one.get("rsc") === source && one.get("with-rsc") === target) ||
    (one.get("rsc") === target && one.get("with-rsc") === source);
  const all = command.cib.constraints().filter((one) => one.name === "rsc_colocation");
  const found = all.filter(joins);
  if (found.length === 0) {
    command.noSuch(
      "colocation of these two",
      `${source} ${target}`,
      all.map((one) => `${one.get("rsc") ?? ""} ${one.get("with-rsc") ?? ""}`),
    );
  }
  for (const one of found) one.detach();
}

export const colocationVerbs: readonly PcsVerb[] = [
  {
    words: ["constraint", "colocation", "add"],
    usage: "[ROLE] RESOURCE with [ROLE] RESOURCE [SCORE] [score=SCORE] [influence=true|false] [id=ID]",
    summary: "Keep a resource where another one is, or away from it (negative score)",
    example: {
      run: "ha-crm -f cib.xml constraint colocation add webserver with cluster_vip INFINITY",
      does: "webserver runs only where cluster_vip runs",
    },
    run: add,
  },
  {
    words: ["constraint", "colocation", "set"],
    usage: "RESOURCE… [sequential=true|false] [role=ROLE] [set …]… [setoptions score=SCORE id=ID]",
    summary: "Keep the resources of sets together",
    run: addSets,
  },
  {
    words: ["constraint", "colocation", "delete"],
    aliases: [["constraint", "colocation", "remove"]],
    usage: "RESOURCE RESOURCE",
    summary: "Remove the colocations of two resources",
    run: remove,
  },
];
