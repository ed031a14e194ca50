import type { Answer } from "../../../shared/cli/output.ts";
import type { Problem } from "../../../shared/reason/catalogue.ts";
import type { Placement } from "../decide/placement.ts";
import type { Plan, PlannedAction } from "../decide/plan.ts";

/** The answer for programs: where everything is afterwards, and the steps with what each waits for. */
export function planJson(plan: Plan, warnings: readonly Problem[]): unknown {
  const { placement, actions, dropped } = plan;
  const recheck = recheckTime(plan);
  return { placement, actions, dropped, ...(recheck === undefined ? {} : { recheck }), warnings };
}

function recheckTime(plan: Plan): string | undefined {
  return plan.recheckAt === undefined ? undefined : new Date(plan.recheckAt * 1000).toISOString().replace(".000Z", "Z");
}

function places(placement: Placement, resource: string): string {
  const list = placement[resource] ?? [];
  if (list.length === 0) return "stopped";
  return list.map(({ node, role }) => (role === "Started" ? node : `${node} (${role})`)).join(", ");
}

const levelText = (levels: PlannedAction["levels"]) =>
  levels === undefined ? "" : ` with ${levels.map((devices) => devices.join("+")).join(", then ")}`;

function actionText(action: PlannedAction): string {
  const what = action.instance ?? action.resource ?? "";
  const every = action.intervalMs === undefined ? "" : ` every ${action.intervalMs} ms`;
  const where = action.node === undefined ? "" : ` on ${action.node}`;
  switch (action.kind) {
    case "fence":
      return `fence ${action.node ?? ""} (${action.task})${levelText(action.levels)}${action.delaySeconds === undefined ? "" : ` after ${action.delaySeconds} s`}`;
    case "shutdown":
      return `let ${action.node ?? ""} shut down`;
    case "point":
    case "resource":
      return `${action.task} ${what}${every}${where}${action.tellsOf === undefined ? "" : ` of ${action.tellsOf}`}`;
    default:
      return action.kind satisfies never;
  }
}

/** For people: one line for each resource, then the steps. */
export function planTable(plan: Plan): Answer {
  const names = [...new Set([...Object.keys(plan.before), ...Object.keys(plan.placement)])].toSorted();
  const rows = names.map((resource) => {
    const now = places(plan.before, resource);
    const then = places(plan.placement, resource);
    return { resource, now, then, change: now === then ? "" : "*" };
  });
  const steps = plan.actions.filter((action) => action.kind !== "point");
  const lines = steps.map((action, index) => {
    const why = action.reason === undefined ? "" : `  [${action.reason}]`;
    return `${String(index + 1).padStart(4)}. ${actionText(action)}${why}`;
  });
  const recheck = recheckTime(plan);
  const later = recheck === undefined ? "" : `\nTime alone may change this plan: look again at ${recheck}.`;
  const text = (steps.length === 0 ? "Nothing to do." : `${steps.length} steps:\n${lines.join("\n")}`) + later;
  return {
    table: {
      columns: [{ key: "resource" }, { key: "now" }, { key: "then" }, { key: "change" }],
      rows,
      whenEmpty: "There are no resources.",
    },
    text,
  };
}

const quoted = (text: string) => `"${text.replaceAll('"', '\\"')}"`;

/** A graph for Graphviz: steps as boxes, ordering points as plain text. */
export function planDot(plan: Plan): string {
  const nodes = plan.actions.map((action) => {
    const shape = action.kind === "point" ? "plaintext" : action.kind === "resource" ? "box" : "octagon";
    return `  ${action.number} [label=${quoted(actionText(action))} shape=${shape}];\n`;
  });
  const edges = plan.actions.flatMap((action) => action.after.map((before) => `  ${before} -> ${action.number};\n`));
  return `digraph plan {\n  rankdir=LR;\n${nodes.join("")}${edges.join("")}}\n`;
}
