import { parseCib } from "../../tools/ha-crm/config/cib/read.ts";
import { ACT, type SchedAction } from "../../tools/ha-crm/decide/action.ts";
import { simulate, type Simulation } from "../../tools/ha-crm/decide/simulate.ts";
import { NOW, placementWords, type Verdict } from "./oracle.ts";

export function runOurs(xml: string): { readonly verdict: Verdict; readonly simulation: Simulation } {
  const cib = parseCib("random.xml", xml);
  if (!cib.ok) throw new Error(`our reader refuses the CIB: ${JSON.stringify(cib.problems[0])}`);
  const simulation = simulate({ cluster: cib.value.cluster, state: cib.value.state, now: NOW });
  return { verdict: verdictOf(simulation), simulation };
}

/** Our answer in the oracle's form. */
export function verdictOf(simulation: Simulation): Verdict {
  const actions = simulation.plan.graph.actions.flatMap(({ action }) => actionWord(action) ?? []).toSorted();
  return { placement: placementWords(simulation.after), actions };
}

function actionWord(action: SchedAction): string | undefined {
  const node = action.node?.name ?? "";
  if (action.task === "stonith" && action.has(ACT.pseudo)) return undefined;
  if (action.task === "stonith") return `fence ${action.detail} ${node}`;
  if (action.task === "do_shutdown") return `do_shutdown ${node}`;
  const resource = action.resource;
  if (resource === undefined || action.has(ACT.pseudo)) return undefined;
  if (action.task === "cancel") return `${resource.name} cancel=${action.intervalMs} ${node}`;
  return `${resource.name} ${action.task}${action.intervalMs > 0 ? `=${action.intervalMs}` : ""} ${node}`;
}
