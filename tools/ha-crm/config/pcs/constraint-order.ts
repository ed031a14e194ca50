import { outerOf } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { dropReferences, namesResource, constraintsOf } from "./references.ts";
import { addSetConstraint, readSets, type SetWords } from "./resource-sets.ts";
import { constraintLines } from "./show-constraints.ts";
import { constrainable } from "./target.ts";
import { TreeElement } from "./tree.ts";
import { checkBoolean, checkNewId, idFrom, isPair, onlyOptions, readPairs, type Pairs } from "./words.ts";

const ACTIONS = ["start", "stop", "promote", "demote"];
const KINDS = ["Optional", "Mandatory", "Serialize"];

function readSide(
  command: PcsCommand,
  words: readonly string[],
): { readonly action: string; readonly resource: string } {
  const [first, second, more] = words;
  if (first === undefined) command.wrongUse('a resource is missing beside "then"');
  if (more !== undefined) command.wrongUse(`"${more}" has no place here`, more);
  if (second === undefined) {
    constrainable(command, first);
    return { action: "start", resource: first };
  }
  command.oneOf("an action", first, ACTIONS);
  constrainable(command, second);
  return { action: first, resource: second };
}

function checkKind(command: PcsCommand, options: Pairs): string | undefined {
  const kind = options.get("kind");
  if (kind === undefined) return undefined;
  const title = kind.slice(0, 1).toUpperCase() + kind.slice(1).toLowerCase();
  if (!KINDS.includes(title)) command.oneOf("kind", kind, KINDS);
  return title;
}

function add(command: PcsCommand): string | void {
  const { cib, words } = command;
  if (words.length === 0) return constraintLines(command, command.flags.has("full"), "rsc_order").join("\n");
  const middle = words.indexOf("then");
  if (middle < 0) command.wrongUse('between the resources "then" is missing');
  const options = readPairs(command, words.filter(isPair));
  onlyOptions(command, "an ordering", options, ["kind", "symmetrical", "require-all", "id"]);
  const plain = (part: readonly string[]) => part.filter((word) => !isPair(word));
  const first = readSide(command, plain(words.slice(0, middle)));
  const then = readSide(command, plain(words.slice(middle + 1)));
  const kind = checkKind(command, options);
  for (const name of ["symmetrical", "require-all"]) checkBoolean(command, name, options.get(name));
  const given = options.get("id");
  if (given !== undefined) checkNewId(command, given);
  const same = cib
    .constraints()
    .find((one) => one.get("first") === first.resource && one.get("then") === then.resource);
  if (same !== undefined) command.unlessForced("CRM_PCS_SAME_CONSTRAINT", { id: same.id }, first.resource);
  const id = given ?? cib.freeId(idFrom(`order-${first.resource}-${then.resource}-${kind ?? "mandatory"}`));
  cib.section("constraints").append(
    TreeElement.make("rsc_order", {
      id,
      first: first.resource,
      "first-action": first.action,
      then: then.resource,
      "then-action": then.action,
      kind,
      symmetrical: options.get("symmetrical"),
      "require-all": options.get("require-all"),
    }),
  );
}

function addSets(command: PcsCommand): void {
  const { sets, options } = readSets(command, command.words, ["action", "role", "sequential", "require-all"]);
  onlyOptions(command, "an ordering", options, ["id", "kind", "symmetrical"]);
  checkBoolean(command, "symmetrical", options.get("symmetrical"));
  const kind = checkKind(command, options);
  refuseOneGroup(command, sets);
  addSetConstraint(command, "order", sets, { ...Object.fromEntries(options), ...(kind === undefined ? {} : { kind }) });
}

/** Members of a group are in order already. */
function refuseOneGroup(command: PcsCommand, sets: readonly SetWords[]): void {
  const seen = new Map<string, string>();
  for (const id of sets.flatMap((set) => set.resources)) {
    const resource = command.cib.resource(id);
    const group = resource === undefined ? undefined : outerOf(resource);
    if (group?.name !== "group") continue;
    const other = seen.get(group.id);
    if (other !== undefined) command.problem("CRM_PCS_ONE_GROUP", { first: other, second: id, group: group.id }, id);
    seen.set(group.id, id);
  }
}

/** The resource leaves every ordering, plain or of sets. */
function remove(command: PcsCommand): void {
  const { cib } = command;
  if (command.words.length === 0) command.wrongUse("name at least one resource");
  const before = new Set(command.words.filter((id) => constraintsOf(cib, id).some((one) => one.name === "rsc_order")));
  for (const id of command.words) {
    const orders = constraintsOf(cib, id).filter((one) => one.name === "rsc_order");
    if (!before.has(id)) {
      const known = cib.resources().map((one) => one.id);
      command.noSuch("ordering of the resource", id, known.includes(id) ? [] : known);
    }
    for (const one of orders) if (namesResource(one, id)) one.detach();
    dropReferences(cib, id, "rsc_order");
  }
}

export const orderVerbs: readonly PcsVerb[] = [
  {
    words: ["constraint", "order"],
    usage:
      "[ACTION] RESOURCE then [ACTION] RESOURCE [kind=Mandatory|Optional|Serialize] [symmetrical=…] [require-all=…] [id=ID]",
    flags: ["full", "all"],
    summary: "Do something with one resource before something with another",
    example: {
      run: "ha-crm -f cib.xml constraint order cluster_vip then webserver",
      does: "cluster_vip starts before webserver, and stops after it",
    },
    run: add,
  },
  {
    words: ["constraint", "order", "set"],
    usage: "RESOURCE… [action=…] [sequential=…] [require-all=…] [set …]… [setoptions kind=… symmetrical=… id=ID]",
    summary: "Order the resources of sets",
    run: addSets,
  },
  {
    words: ["constraint", "order", "delete"],
    aliases: [["constraint", "order", "remove"]],
    usage: "RESOURCE…",
    summary: "Take resources out of all orderings",
    run: remove,
  },
];
