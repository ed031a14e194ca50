import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { parseCib } from "../../tools/ha-crm/config/cib/read.ts";
import type { Placement } from "../../tools/ha-crm/decide/placement.ts";
import { makePlan, type Plan, type PlannedAction } from "../../tools/ha-crm/decide/plan.ts";
import type { Cluster } from "../../tools/ha-crm/model/cluster.ts";
import { primitivesOf } from "../../tools/ha-crm/model/resource.ts";
import type { ClusterState } from "../../tools/ha-crm/model/state.ts";
import { generate } from "./generate.ts";
import { NOW } from "./oracle.ts";
import { smallCib } from "./small-cib.ts";
import { writeTree } from "./xml-tree.ts";

interface Case {
  readonly cluster: Cluster;
  readonly state: ClusterState;
  readonly kinds: readonly string[];
}

function caseOf(seed: number): Case {
  const { cib, kinds } = generate(seed);
  const read = parseCib("random.xml", writeTree(cib));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return { cluster: read.value.cluster, state: read.value.state, kinds };
}

const plan = (one: Case, state = one.state): Plan => makePlan({ cluster: one.cluster, state, now: NOW });
const seeds = fc.integer({ min: 20_001, max: 60_000 });
const RUNS = 60;
/** The same clusters in every run; to look at others, change it. */
const SEED = 20_261_121;
/** Most machines need a second or two for each; a slow and busy one a minute. */
setDefaultTimeout(240_000);

/** What changes something: not looking, not counting. */
const CHANGING = new Set(["start", "stop", "promote", "demote", "migrate_to", "migrate_from"]);
const changes = (actions: readonly PlannedAction[]) =>
  actions.filter((action) => action.kind === "fence" || (action.kind === "resource" && CHANGING.has(action.task)));

/** Primitives that may be in one place only. */
function single(cluster: Cluster): ReadonlySet<string> {
  const plain = cluster.resources.filter((resource) => resource.kind !== "clone");
  return new Set(plain.flatMap((resource) => primitivesOf(resource).map((one) => one.id)));
}

const count = (placement: Placement, id: string) => placement[id]?.length ?? 0;

describe("the scheduler, for any cluster", () => {
  test("gives a plan, and the same plan for the same input", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const one = caseOf(seed);
        expect(JSON.stringify(plan(one).actions)).toBe(JSON.stringify(plan(caseOf(seed)).actions));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test("every step comes after those it waits for", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const action of plan(caseOf(seed)).actions) {
          for (const before of action.after) expect(before).toBeLessThan(action.number);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test("every step comes after those it waits for, however many circles the orders make", () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const name = fc.constantFrom(...names);
    const order = fc.tuple(name, name).filter(([first, then]) => first !== then);
    fc.assert(
      fc.property(fc.array(order, { minLength: 8, maxLength: 24 }), (orders) => {
        const lines = [
          ...names.map((id) => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`),
          ...orders.map(([first, then], index) => `<rsc_order id="o${index}" first="${first}" then="${then}"/>`),
        ];
        const read = parseCib("circles.xml", smallCib(lines.join("\n")));
        if (!read.ok) throw new Error(JSON.stringify(read.problems));
        for (const action of makePlan({ ...read.value, now: NOW }).actions)
          for (const before of action.after) expect(before).toBeLessThan(action.number);
      }),
      { numRuns: 300, seed: SEED },
    );
  });

  test("never makes a resource run in more places than it did", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const one = caseOf(seed);
        // After a migration that failed half way, it isn't known whether it runs on one node or on two.
        if (one.kinds.includes("migration")) return;
        const { before, actions } = plan(one);
        const { nodesOf, fenced } = whatIsDone(actions);
        for (const id of single(one.cluster)) {
          // By the steps of the plan: what comes to light on a remote node once it is reached was not put there.
          const left = new Set([...nodesOf("stop", id), ...fenced]);
          const kept = (before[id] ?? []).map(({ node }) => node).filter((node) => !left.has(node));
          const now = new Set([...kept, ...nodesOf("start", id)]);
          expect([seed, id, now.size <= Math.max(1, count(before, id))]).toEqual([seed, id, true]);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test("starts nothing elsewhere before the node that may still run it is fenced", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const one = caseOf(seed);
        const { actions, before } = plan(one);
        const fenced = new Map(
          actions.filter((a) => a.kind === "fence" && a.task !== "on").map((a) => [a.node ?? "", a.number]),
        );
        const ids = single(one.cluster);
        for (const action of actions) {
          if (action.task !== "start" || action.kind !== "resource" || !ids.has(action.resource ?? "")) continue;
          for (const { node } of before[action.resource ?? ""] ?? []) {
            const fence = node === action.node ? undefined : fenced.get(node);
            if (fence !== undefined && needsFencing(one, action.resource ?? ""))
              expect([action.resource, fence < action.number]).toEqual([action.resource, true]);
          }
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});

/** The nodes on which something is started or stopped, and those that are fenced. */
function whatIsDone(actions: readonly PlannedAction[]) {
  const nodesOf = (task: string, id: string) =>
    actions.filter((one) => one.task === task && one.resource === id).map((one) => one.node ?? "");
  const fenced = actions.filter((one) => one.kind === "fence" && one.task !== "on").map((one) => one.node ?? "");
  return { nodesOf, fenced };
}

/** Without `requires` that says otherwise. */
function needsFencing(one: Case, id: string): boolean {
  const all = one.cluster.resources.flatMap((resource) => primitivesOf(resource).map((child) => ({ resource, child })));
  const found = all.find(({ child }) => child.id === id);
  const sets = [...(found?.child.meta ?? []), ...(found?.resource.meta ?? [])];
  const agent = found?.child.agent;
  if (found?.child.template !== undefined || agent?.class === "stonith" || agent?.type === "remote") return false;
  return !sets.some((set) => set.pairs.some((pair) => pair.name === "requires" && pair.value !== "fencing"));
}

/** What makes a cluster settle in more than one step, or never: failures, lost nodes, things half done. */
const UNSETTLED = [
  "failures",
  "onFail",
  "unclean",
  "pending",
  "migration",
  "multiple",
  "shutdown",
  "remote",
  "unfencing",
  "promotable",
  "orphans",
  "probes",
  "utilization",
  "fencing",
  "tickets",
  "unique",
];

describe("in a cluster that is sound", () => {
  test("nothing is left to do once the plan was carried out", () => {
    let checked = 0;
    let settled = 0;
    for (let seed = 20_001; checked < 40 && seed < 24_000; seed += 1) {
      const one = caseOf(seed);
      if (one.kinds.some((kind) => UNSETTLED.includes(kind))) continue;
      checked += 1;
      const again = plan(one, plan(one).state);
      if (changes(again.actions).length === 0) settled += 1;
    }
    expect(checked).toBe(40);
    // Colocations in circles may need a second step.
    expect(settled).toBeGreaterThanOrEqual(38);
  });

  test("a resource that nobody knows of is no reason to move another one", () => {
    for (let seed = 24_001; seed < 24_080; seed += 1) {
      const one = caseOf(seed);
      if (one.kinds.includes("utilization")) continue;
      const settledState = plan(one).state;
      const settled = { ...one, state: settledState };
      const first = plan(settled);
      const added: Cluster = {
        ...one.cluster,
        resources: [
          ...one.cluster.resources,
          {
            kind: "primitive",
            id: "zz-unrelated",
            agent: { class: "ocf", provider: "pacemaker", type: "Dummy" },
            meta: [{ id: "zz-meta", pairs: [{ id: "zz-role", name: "target-role", value: "Stopped" }] }],
            instance: [],
            operations: [],
            utilization: [],
          },
        ],
      };
      const second = makePlan({ cluster: added, state: settledState, now: NOW });
      const { "zz-unrelated": _mine, ...others } = second.placement;
      expect([seed, others]).toEqual([seed, first.placement]);
    }
  });
});
