import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { makePlan, type Plan } from "../decide/plan.ts";
import { changeNode, switchNode } from "../decide/what-if.ts";
import { crmReasons } from "../model/reasons.ts";
import type { ClusterState } from "../model/state.ts";
import { inWords, loadConfiguration, type Loaded } from "./load.ts";
import { inject, type Injections } from "./simulate-inject.ts";
import { planDot, planJson, planTable } from "./simulate-show.ts";

/** ha.yaml has no status: every node is taken to be up. A CIB without status is taken at its word. */
function stateOf(loaded: Loaded): ClusterState {
  if (loaded.format === "cib") return loaded.state;
  const up = (state: ClusterState, name: string) =>
    changeNode(loaded.cluster, state, name, (node) => switchNode(node, "up")) ?? state;
  return loaded.cluster.nodes
    .filter((node) => node.type === "member")
    .reduce((state, node) => up(state, node.name), loaded.state);
}

/** Orderings that were given up, with the constraint they come from. */
function droppedOrderings(plan: Plan): readonly Reason[] {
  return plan.dropped.map(({ first, next, constraint }) => {
    const hint =
      constraint === ""
        ? "look at the order constraints of these two resources"
        : `remove or turn round the constraint ${constraint}`;
    return reason(crmReasons, "CRM_PLAN_DROPPED", { first, then: next, hint });
  });
}

export const simulateCommand = defineCommand({
  name: "simulate",
  summary: "Show what the scheduler would do, and where everything would be then; nothing is touched",
  description:
    "Reads configuration and status from a Pacemaker CIB (or the configuration from ha.yaml, with every node up), plans, and carries the plan out on paper. " +
    "The options change the status first: nodes that come and go, operations that fail, tickets, quorum, meta attributes, the date.",
  options: {
    cib: {
      type: "string",
      short: "x",
      summary: "a CIB in XML, or ha.yaml; - reads standard input",
      placeholder: "FILE",
      required: true,
    },
    output: {
      type: "choice",
      short: "o",
      values: ["table", "json", "jsonl", "tsv", "dot"],
      summary: "form of the answer; dot draws the plan as a graph",
      placeholder: "FORMAT",
    },
    "node-up": { type: "string", repeatable: true, summary: "this node comes up", placeholder: "NODE" },
    "node-down": {
      type: "string",
      repeatable: true,
      summary: "this node was shut down in good order",
      placeholder: "NODE",
    },
    "node-fail": { type: "string", repeatable: true, summary: "this node vanishes", placeholder: "NODE" },
    "op-inject": {
      type: "string",
      repeatable: true,
      summary: "this operation has just ended so: db_monitor_10000@n1=7",
      placeholder: "OPERATION",
    },
    "op-fail": {
      type: "string",
      repeatable: true,
      summary: "this operation of the plan will end so: db_start_0@n2=1",
      placeholder: "OPERATION",
    },
    ticket: {
      type: "string",
      repeatable: true,
      summary: "a ticket is granted, revoked, standby or active",
      placeholder: "TICKET=STATE",
    },
    quorum: { type: "choice", values: ["yes", "no"], summary: "with or without quorum" },
    set: {
      type: "string",
      repeatable: true,
      summary: "a meta attribute of a resource, or an option of the cluster (property.NAME=VALUE)",
      placeholder: "RESOURCE.META=VALUE",
    },
    date: { type: "string", summary: "the moment to plan for, in ISO 8601; now when not given", placeholder: "DATE" },
  },
  examples: [
    { run: "ha-crm simulate --cib cib.xml", does: "what the cluster would do next" },
    { run: "ha-crm simulate --cib cib.xml --node-fail n2 -o json", does: "what would become of everything if n2 died" },
  ],
  run({ options, out }) {
    const loaded = loadConfiguration(options.cib, out);
    if (typeof loaded === "number") return loaded;
    const sources = [loaded.source];
    const wishes: Injections = {
      nodeUp: options["node-up"],
      nodeDown: options["node-down"],
      nodeFail: options["node-fail"],
      opInject: options["op-inject"],
      opFail: options["op-fail"],
      ticket: options.ticket,
      set: options.set,
      quorum: options.quorum,
      date: options.date,
    };
    const changed = inject(loaded.cluster, stateOf(loaded), wishes, Date.now());
    if (!changed.ok) return out.problems(inWords(changed.problems), EXIT.usage);
    const { cluster, state, now, failing } = changed.value;
    const plan = makePlan({ cluster, state, now }, { failing, only: new Set() });
    const machine = options.output === "json" || options.output === "jsonl";
    const warnings = [...loaded.warnings, ...droppedOrderings(plan)];
    if (warnings.length > 0 && !machine) out.problems(inWords(warnings), EXIT.ok, sources);
    if (options.output === "dot") {
      out.data(planDot(plan));
      return EXIT.ok;
    }
    const words = inWords(warnings);
    return out.show({ json: planJson(plan, words), ...planTable(plan) });
  },
});
