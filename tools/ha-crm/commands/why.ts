import { defineCommand } from "../../../shared/cli/command.ts";
import type { Output } from "../../../shared/cli/output.ts";
import { renderTable } from "../../../shared/cli/table.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { describe, reason } from "../../../shared/reason/catalogue.ts";
import { hint } from "../../../shared/text/did-you-mean.ts";
import type { ActiveAt } from "../decide/placement.ts";
import { changeNode, switchNode } from "../decide/what-if.ts";
import { explainWhy, explainWhyNot, resourceNames, study, type Explanation, type ScoreRow } from "../decide/why.ts";
import { findChanges, type Change } from "../decide/why-changes.ts";
import { crmReasons } from "../model/reasons.ts";
import type { ClusterState } from "../model/state.ts";
import { whyReasons } from "../model/why-reasons.ts";
import { inWords, loadConfiguration, type Loaded } from "./load.ts";

const places = (list: readonly ActiveAt[]) =>
  list.length === 0
    ? "stopped"
    : list.map((one) => (one.role === "Started" ? one.node : `${one.node} (${one.role})`)).join(", ");

/** A configuration without status is looked at as if every node were up. */
function assumedState(loaded: Loaded, out: Output): ClusterState {
  if (loaded.state.nodes.length > 0) return loaded.state;
  out.note("the file has no status: every node is taken to be up, and nothing to run yet.");
  const members = loaded.cluster.nodes.filter((node) => node.type === "member");
  return members.reduce<ClusterState>(
    (state, node) => changeNode(loaded.cluster, state, node.name, (one) => switchNode(one, "up")) ?? state,
    { ...loaded.state, quorate: true },
  );
}

function tableRows(rows: readonly ScoreRow[]) {
  return rows.flatMap((row) => {
    const head = {
      instance: row.instance,
      node: `${row.chosen ? "* " : "  "}${row.node}`,
      state: row.state,
      score: row.score ?? "none",
    };
    const [first, ...more] = row.parts.map((part) => ({
      delta: part.delta,
      from: part.source,
      what: part.code.replace("SCORE_", "").toLowerCase().replaceAll("_", " "),
      where: part.at === undefined ? "" : `${part.at.file}:${part.at.line}`,
    }));
    const none = { delta: "", what: "", from: "", where: "" };
    const blank = { instance: "", node: "", state: "", score: "" };
    return [{ ...head, ...(first ?? none) }, ...more.map((part) => ({ ...blank, ...part }))];
  });
}

/** The change with its outcome, and the commands that bring it about. */
function changeLines({ change, commands, then }: Change): readonly string[] {
  return [`  ${change}: ${places(then)}`, ...commands.map((one) => `      ha-crm ${one}`)];
}

const COLUMNS = ["instance", "node", "state", "score", "delta", "what", "from", "where"].map((key) => ({ key }));

function show(explanation: Explanation, changes: readonly Change[], out: Output): ExitCode {
  const { sentence, code } = describe(whyReasons, explanation.because);
  const several = new Set(explanation.rows.map((row) => row.instance)).size > 1;
  const columns = several ? COLUMNS : COLUMNS.slice(1);
  const table = renderTable({ columns, rows: tableRows(explanation.rows) }, { colour: out.style.colour });
  const moved = places(explanation.now) === places(explanation.then) ? "" : `Now it is: ${places(explanation.now)}.\n`;
  const isThere = ["WHY_NOT_IT_DOES", "WHY_NOT_IT_WILL"].includes(explanation.because.code);
  const change = isThere
    ? ""
    : changes.length === 0
      ? "No single change of those that were tried would change it."
      : ["What would change it:", ...changes.flatMap(changeLines)].join("\n");
  return out.show({
    json: { ...explanation, code, because: sentence, changes },
    text: `${sentence}.\n${moved}\n${table}\n${change}\n`,
  });
}

const OPTIONS = {
  cib: { type: "string", short: "f", aliases: ["file"], summary: "a CIB in XML, or ha.yaml", placeholder: "FILE" },
} as const;

function run(file: string | undefined, resource: string, node: string | undefined, out: Output): ExitCode {
  if (file === undefined) {
    out.note('name the file: "ha-crm why RESOURCE -f cib.xml"');
    return EXIT.usage;
  }
  const loaded = loadConfiguration(file, out);
  if (typeof loaded === "number") return loaded;
  const input = { cluster: loaded.cluster, state: assumedState(loaded, out), now: Math.floor(Date.now() / 1000) };
  const studied = study(input, resource);
  if (studied === undefined) {
    const near = hint(resource, resourceNames(input));
    const fact = reason(crmReasons, "CRM_SIM_UNKNOWN", { what: "resource", name: resource, hint: near });
    return out.problems(inWords([fact]), EXIT.noSuchObject);
  }
  if (node === undefined) return show(explainWhy(studied), findChanges(input, studied), out);
  const explanation = explainWhyNot(studied, node);
  if (explanation === undefined) {
    const known = studied.world.nodes.map((one) => one.name);
    const fact = reason(crmReasons, "CRM_SIM_UNKNOWN", { what: "node", name: node, hint: hint(node, known) });
    return out.problems(inWords([fact]), EXIT.noSuchObject);
  }
  return show(explanation, findChanges(input, studied, node), out);
}

export const whyCommand = defineCommand({
  name: "why",
  summary: "Say why a resource is where it is: the reason, every score with its source, and what would change it",
  args: { resource: { summary: "a primitive, group or clone", required: true } },
  options: OPTIONS,
  examples: [{ run: "ha-crm why webserver -f cib.xml", does: "tells why webserver runs where it runs" }],
  run: ({ args, options, out }) => run(options.cib, args.resource, undefined, out),
});

export const whyNotCommand = defineCommand({
  name: "why-not",
  summary: "Say why a resource is not on a node, and what would bring it there",
  args: {
    resource: { summary: "a primitive, group or clone", required: true },
    node: { summary: "the node", required: true },
  },
  options: OPTIONS,
  examples: [{ run: "ha-crm why-not webserver node2 -f cib.xml", does: "tells what keeps webserver off node2" }],
  run: ({ args, options, out }) => run(options.cib, args.resource, args.node, out),
});
