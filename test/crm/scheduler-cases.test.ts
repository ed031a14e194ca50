import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { runDataFiles } from "../support/datadriven.ts";
import { named } from "../../shared/lab/requirements.ts";
import { parseCib } from "../../tools/ha-crm/config/cib/read.ts";
import { makePlan } from "../../tools/ha-crm/decide/plan.ts";
import { NOW, forgetQuestions } from "./oracle.ts";
import { lacksPacemaker } from "./peers.ts";
import { smallCib } from "./small-cib.ts";
import { askForBlock, ourBlock, SCHEDULER_CASES } from "./scheduler-cases.ts";

afterAll(forgetQuestions);

// Each block is a process of the oracle.
setDefaultTimeout(240_000);

describe("small clusters are planned as recorded", () => {
  runDataFiles(SCHEDULER_CASES, () => ourBlock);
});

const lacking = lacksPacemaker("crm_simulate");
describe.skipIf(lacking !== undefined)(named("what is recorded is what crm_simulate answers", lacking), () => {
  runDataFiles(SCHEDULER_CASES, () => askForBlock);
});

test("instances are told before and after, and monitors begin when all know", () => {
  const clone = `<clone id="k"><meta_attributes id="m"><nvpair id="m1" name="notify" value="true"/></meta_attributes><primitive id="a" class="ocf" provider="pacemaker" type="Dummy"><operations><op id="o" name="monitor" interval="10s"/></operations></primitive></clone>`;
  const cib = parseCib("small.xml", smallCib([clone, "ran a n1 start", "ran a n2 monitor 7"].join("\n")));
  if (!cib.ok) throw new Error("the CIB is refused");
  const { actions } = makePlan({ cluster: cib.value.cluster, state: cib.value.state, now: NOW });
  const steps = actions
    .filter((action) => action.kind === "resource" && action.resource === "a")
    .map(({ task, tellsOf, node }) => `${task}${tellsOf === undefined ? "" : ` ${tellsOf}`} ${node}`);
  const at = (step: string) => steps.indexOf(step);
  const order = ["notify pre-start n1", "start n2", "notify post-start n1", "monitor n2"].map(at);
  expect(order).not.toContain(-1);
  expect(order).toEqual(order.toSorted((left, right) => left - right));
  expect(at("notify post-start n2")).toBeLessThan(at("monitor n2"));
  expect(at("notify pre-start n2")).toBe(-1);
});

describe("once a clone's agent was changed, its history is removed from each node for every instance that is wanted", () => {
  // As crm_simulate 2.1.5 answers.
  const CASES = [
    [2, ["n1", "n1", "n2", "n2"]],
    [1, ["n1", "n2"]],
  ] as const;
  test.each(CASES)("clone-max %i on two nodes", (most, nodes) => {
    const clone = `<clone id="k"><meta_attributes id="m"><nvpair id="m1" name="clone-max" value="${most}"/></meta_attributes><primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/></clone>`;
    const text = smallCib([clone, "ran a n1 start", "ran a n2 start"].join("\n"));
    const cib = parseCib("small.xml", text.replace(/(<lrm_resource id="a"[^>]*type=")Dummy/g, "$1Stateful"));
    if (!cib.ok) throw new Error("the CIB is refused");
    const { actions } = makePlan({ cluster: cib.value.cluster, state: cib.value.state, now: NOW });
    const removed = actions.filter((action) => action.kind === "resource" && action.task === "delete");
    const where = removed.map((action) => action.node ?? "");
    expect(where.toSorted((left, right) => (left < right ? -1 : 1))).toEqual([...nodes]);
  });
});
