import type { Making } from "./generate.ts";
import type { MadeResource } from "./generate-resources.ts";
import { tree, type Tree } from "./xml-tree.ts";

const SCORES = ["INFINITY", "-INFINITY", "100", "-100", "50", "1", "200", "INFINITY", "-INFINITY", "1000"];

/** Constraints of all kinds between the resources that were made, and tags for them. */
export function makeConstraints(making: Making): {
  readonly constraints: readonly Tree[];
  readonly tags: readonly Tree[];
} {
  const { random, has } = making;
  const constraints: Tree[] = [];
  const tags: Tree[] = [];
  const plain = making.resources.filter((one) => !one.fence);
  const all = making.resources;
  if (plain.length === 0) return { constraints, tags };
  if (has("tags")) {
    const members = random.shuffle(plain).slice(0, random.whole(1, 3));
    tags.push(
      tree(
        "tag",
        { id: "tag1" },
        members.map((one) => tree("obj_ref", { id: one.id })),
      ),
    );
  }
  const density = random.pick([0.3, 0.6, 1, 1.5]);
  const some = (most: number) => random.whole(0, Math.min(14, Math.ceil(most * density)));
  const named = (): string => (tags.length > 0 && random.chance(0.25) ? "tag1" : random.pick(plain).id);
  if (has("location"))
    for (let left = some(all.length); left > 0; left -= 1) constraints.push(location(making, random.pick(all)));
  if (has("location") && has("tags") && random.chance(0.5))
    constraints.push(location(making, { id: "tag1", promotable: false }));
  if (has("rules"))
    for (let left = some(plain.length); left > 0; left -= 1) constraints.push(ruleLocation(making, random.pick(plain)));
  if (has("colocation"))
    for (let left = some(plain.length); left > 0; left -= 1) constraints.push(...colocation(making, plain, named));
  if (has("order"))
    for (let left = some(plain.length); left > 0; left -= 1) constraints.push(...order(making, plain, named));
  if (has("tickets"))
    for (let left = some(plain.length) + 1; left > 0; left -= 1) constraints.push(ticket(making, random.pick(plain)));
  return { constraints, tags };
}

function location(making: Making, resource: Pick<MadeResource, "id" | "promotable">): Tree {
  const { random, has, nodes, id } = making;
  return tree("rsc_location", {
    id: id("loc"),
    rsc: resource.id,
    node: random.pick(nodes).name,
    score: random.pick(SCORES),
    role: resource.promotable && random.chance(0.3) ? random.pick(["Promoted", "Unpromoted"]) : undefined,
    "resource-discovery":
      has("probes") && random.chance(0.15) ? random.pick(["always", "never", "exclusive"]) : undefined,
  });
}

function expression(making: Making): Tree {
  const { random, has, nodes, id } = making;
  const one = id("expr");
  if (has("dates") && random.chance(0.5)) {
    const operation = random.pick(["gt", "lt", "in_range", "date_spec"]);
    const early = random.pick(["2020-01-01", "2023-11-14 20:00:00Z", "2024-06-01"]);
    if (operation === "date_spec") {
      const spec = random.pick([
        { hours: "9-16" },
        { weekdays: "1-5" },
        { months: "11" },
        { years: "2024" },
        { hours: "20-23", weekdays: "2" },
      ]);
      return tree("date_expression", { id: one, operation }, [tree("date_spec", { id: id("spec"), ...spec })]);
    }
    if (operation === "gt") return tree("date_expression", { id: one, operation, start: early });
    if (operation === "lt") return tree("date_expression", { id: one, operation, end: early });
    return tree("date_expression", { id: one, operation, start: "2021-01-01", end: early });
  }
  switch (random.whole(0, 4)) {
    case 0:
      return tree("expression", {
        id: one,
        attribute: "site",
        operation: random.pick(["eq", "ne"]),
        value: random.pick(["A", "B"]),
      });
    case 1:
      return tree("expression", { id: one, attribute: "site", operation: random.pick(["defined", "not_defined"]) });
    case 2:
      return tree("expression", {
        id: one,
        attribute: "cpus",
        operation: random.pick(["lt", "gt", "lte", "gte"]),
        value: random.whole(1, 20),
        type: random.pick(["number", "integer", undefined]),
      });
    case 3:
      return tree("expression", {
        id: one,
        attribute: "#uname",
        operation: random.pick(["eq", "ne"]),
        value: random.pick(nodes).name,
      });
    default:
      return tree("expression", {
        id: one,
        attribute: "#kind",
        operation: "eq",
        value: random.pick(["cluster", "remote"]),
      });
  }
}

function ruleLocation(making: Making, resource: MadeResource): Tree {
  const { random, id } = making;
  const role = resource.promotable && random.chance(0.3) ? "Promoted" : undefined;
  const rules = Array.from({ length: random.chance(0.15) ? 2 : 1 }, () => {
    const parts = Array.from({ length: random.whole(1, 2) }, () => expression(making));
    if (random.chance(0.2))
      parts.push(tree("rule", { id: id("rule"), "boolean-op": "or" }, [expression(making), expression(making)]));
    const score = random.chance(0.15) ? { "score-attribute": "cpus" } : { score: random.pick(SCORES) };
    return tree("rule", { id: id("rule"), role, "boolean-op": random.pick(["and", "or", undefined]), ...score }, parts);
  });
  return tree("rsc_location", { id: id("loc"), rsc: resource.id }, rules);
}

function setOf(
  making: Making,
  members: readonly MadeResource[],
  extra: Readonly<Record<string, string | boolean | undefined>>,
): Tree {
  const { id } = making;
  return tree(
    "resource_set",
    { id: id("rset"), ...extra },
    members.map((one) => tree("resource_ref", { id: one.id })),
  );
}

/** Disjoint lists for a constraint with sets. */
function splitIntoSets(making: Making, plain: readonly MadeResource[]): readonly (readonly MadeResource[])[] {
  const { random } = making;
  const chosen = random.shuffle(plain).slice(0, random.whole(2, 5));
  const sets: MadeResource[][] = [[]];
  for (const one of chosen) {
    if ((sets.at(-1)?.length ?? 0) > 0 && random.chance(0.4)) sets.push([]);
    sets.at(-1)?.push(one);
  }
  return sets;
}

function colocation(making: Making, plain: readonly MadeResource[], named: () => string): readonly Tree[] {
  const { random, has, id } = making;
  if (plain.length < 2) return [];
  if (has("sets") && random.chance(0.4)) {
    const sets = splitIntoSets(making, plain).map((members) =>
      setOf(making, members, {
        sequential: random.chance(0.3) ? random.chance(0.4) : undefined,
        role: members.every((one) => one.promotable) && random.chance(0.4) ? "Promoted" : undefined,
      }),
    );
    return [tree("rsc_colocation", { id: id("col"), score: random.pick(SCORES) }, sets)];
  }
  const rsc = named();
  const withRsc = named();
  if (rsc === withRsc) return [];
  const roleOf = (name: string) =>
    plain.find((one) => one.id === name)?.promotable === true && random.chance(0.5)
      ? random.pick(["Promoted", "Promoted", "Unpromoted", "Started"])
      : undefined;
  return [
    tree("rsc_colocation", {
      id: id("col"),
      rsc,
      "with-rsc": withRsc,
      score: random.pick(SCORES),
      "rsc-role": roleOf(rsc),
      "with-rsc-role": roleOf(withRsc),
      "node-attribute": random.chance(0.06) ? "rack" : undefined,
      influence: has("critical") && random.chance(0.2) ? random.chance(0.5) : undefined,
    }),
  ];
}

function order(making: Making, plain: readonly MadeResource[], named: () => string): readonly Tree[] {
  const { random, has, id } = making;
  if (plain.length < 2) return [];
  const kind = random.pick([undefined, "Mandatory", "Optional", "Serialize"]);
  const symmetrical = kind !== "Serialize" && random.chance(0.15) ? random.chance(0.3) : undefined;
  if (has("sets") && random.chance(0.4)) {
    const sets = splitIntoSets(making, plain).map((members) =>
      setOf(making, members, {
        sequential: random.chance(0.4) ? random.chance(0.4) : undefined,
        "require-all": random.chance(0.15) ? false : undefined,
        action: members.every((one) => one.promotable) && random.chance(0.4) ? "promote" : undefined,
      }),
    );
    return [tree("rsc_order", { id: id("ord"), kind, symmetrical }, sets)];
  }
  let first = named();
  let then = named();
  if (first === then) return [];
  // Mostly without loops: the earlier one first.
  const at = (name: string) => plain.findIndex((one) => one.id === name);
  if (at(first) > at(then) && random.chance(0.93)) [first, then] = [then, first];
  const promotable = (name: string) => plain.find((one) => one.id === name)?.promotable === true;
  const isClone = plain.find((one) => one.id === first)?.kind === "clone";
  const firstAction =
    promotable(first) && random.chance(0.5)
      ? random.pick(["promote", "demote", "start"])
      : random.chance(0.05)
        ? "stop"
        : undefined;
  const thenAction =
    promotable(then) && random.chance(0.4)
      ? random.pick(["promote", "start", "demote"])
      : firstAction === undefined
        ? undefined
        : "start";
  return [
    tree("rsc_order", {
      id: id("ord"),
      first,
      then,
      "first-action": firstAction,
      "then-action": thenAction,
      kind,
      symmetrical,
      "require-all": isClone && random.chance(0.15) ? false : undefined,
    }),
  ];
}

function ticket(making: Making, resource: MadeResource): Tree {
  const { random, id } = making;
  return tree("rsc_ticket", {
    id: id("tick"),
    rsc: resource.id,
    "rsc-role": resource.promotable && random.chance(0.5) ? "Promoted" : undefined,
    ticket: random.pick(["ticketA", "ticketB"]),
    "loss-policy": random.pick(["stop", "demote", "fence", "freeze", undefined]),
  });
}
