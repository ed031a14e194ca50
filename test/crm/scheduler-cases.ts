import { join } from "node:path";
import { option, type DataBlock } from "../support/datadriven.ts";
import { inject, type Injections } from "../../tools/ha-crm/commands/simulate-inject.ts";
import { parseCib } from "../../tools/ha-crm/config/cib/read.ts";
import { simulate } from "../../tools/ha-crm/decide/simulate.ts";
import { askOracle, NOW, type Verdict } from "./oracle.ts";
import { verdictOf } from "./ours.ts";
import { smallCib } from "./small-cib.ts";

/** Small CIBs with what crm_simulate makes of them. */
export const SCHEDULER_CASES = join(import.meta.dir, "../cases/crm/scheduler");

/** One line for each resource that is active afterwards, then one for each step. */
function verdictText(block: DataBlock, verdict: Verdict): string {
  const places = Object.entries(verdict.placement)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([resource, where]) => `${resource}: ${where.join(", ")}`);
  // After a failure the oracle names only the steps that it took.
  if (option(block, "op-fail") !== undefined) return places.join("\n");
  return [...places, ...verdict.actions.map((action) => `- ${action}`)].join("\n");
}

/** What a block supposes (`plan node-fail=n2 op-inject=a_monitor_10000@n1=7`), as crm_simulate takes it. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ["node-up", "-u"],
  ["node-down", "-d"],
  ["node-fail", "-f"],
  ["op-inject", "-i"],
  ["op-fail", "-F"],
  ["grant", "-g"],
  ["revoke", "-r"],
  ["standby", "-b"],
]);

function oracleFlags(block: DataBlock): readonly string[] {
  return [...FLAGS].flatMap(([name, flag]) => (block.options.get(name) ?? []).flatMap((value) => [flag, value]));
}

function wishes(block: DataBlock): Injections {
  const all = (name: string) => block.options.get(name) ?? [];
  const tickets = (name: string, state: string) => all(name).map((ticket) => `${ticket}=${state}`);
  return {
    nodeUp: all("node-up"),
    nodeDown: all("node-down"),
    nodeFail: all("node-fail"),
    opInject: all("op-inject"),
    opFail: all("op-fail"),
    ticket: [...tickets("grant", "granted"), ...tickets("revoke", "revoked"), ...tickets("standby", "standby")],
    set: [],
    quorum: undefined,
    date: undefined,
  };
}

/** What is kept in the file: the oracle's answer; `ours=` says why ours differs, and the answer is ours then. */
export async function askForBlock(block: DataBlock): Promise<string> {
  if (option(block, "ours") !== undefined) return block.expected;
  const answer = await askOracle(smallCib(block.input), 7, oracleFlags(block));
  return "refused" in answer ? `refused: ${answer.refused}` : verdictText(block, answer.verdict);
}

export function ourBlock(block: DataBlock): string {
  const cib = parseCib("small.xml", smallCib(block.input));
  if (!cib.ok) throw new Error(`${block.place}: our reader refuses the CIB`);
  const changed = inject(cib.value.cluster, cib.value.state, wishes(block), NOW * 1000);
  if (!changed.ok) throw new Error(`${block.place}: ${JSON.stringify(changed.problems)}`);
  const { cluster, state, failing } = changed.value;
  const simulation = simulate({ cluster, state, now: NOW }, failing);
  return verdictText(block, verdictOf(simulation));
}
