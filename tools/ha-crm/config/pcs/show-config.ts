import { alertLines } from "./alert.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { levelLines } from "./fencing-level.ts";
import { nvPairs } from "./nv.ts";
import { constraintLines } from "./show-constraints.ts";
import { defaultsLines } from "./show-defaults.ts";
import { resourceLines, topLevel } from "./show-resources.ts";
import { tagLines } from "./tag.ts";

const indent = (lines: readonly string[], by = "  ") => lines.map((line) => `${by}${line}`);

function nodeLines(command: PcsCommand): readonly string[] {
  const nodes = command.cib.nodes();
  const attributes = nodes.flatMap((node) => {
    const pairs = [...nvPairs(node, "instance_attributes")].map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? [] : [` ${node.get("uname") ?? node.id}: ${pairs.join(" ")}`];
  });
  return [
    "Pacemaker Nodes:",
    ` ${nodes.map((node) => node.get("uname") ?? node.id).join(" ")}`,
    ...(attributes.length === 0 ? [] : ["", "Node Attributes:", ...attributes]),
  ];
}

function section(command: PcsCommand, name: string, tag: string) {
  return command.cib.peek(name)?.all(tag) ?? [];
}

function properties(command: PcsCommand): readonly string[] {
  const values = section(command, "crm_config", "cluster_property_set")
    .flatMap((set) => set.all("nvpair"))
    .map((pair) => ` ${pair.get("name") ?? ""}: ${pair.get("value") ?? ""}`);
  return ["Cluster Properties:", ...values.toSorted()];
}

/** Everything that is configured, in the order that pcs shows it. */
function show(command: PcsCommand): string {
  const alerts = alertLines(section(command, "alerts", "alert"));
  const secrets = command.flags.has("full");
  const tags = tagLines(section(command, "tags", "tag"));
  return [
    ...nodeLines(command),
    "",
    "Resources:",
    ...indent(topLevel(command, false).flatMap((one) => resourceLines(one, secrets))),
    "",
    "Stonith Devices:",
    ...indent(topLevel(command, true).flatMap((one) => resourceLines(one, secrets))),
    "Fencing Levels:",
    ...indent(levelLines(command)),
    "",
    ...constraintLines(command, true),
    "",
    "Alerts:",
    ...(alerts.length === 0 ? [" No alerts defined"] : indent(alerts, " ")),
    "",
    "Resources Defaults:",
    ...indent(defaultsLines(section(command, "rsc_defaults", "meta_attributes"), true)),
    "Operations Defaults:",
    ...indent(defaultsLines(section(command, "op_defaults", "meta_attributes"), true)),
    "",
    ...properties(command),
    "",
    "Tags:",
    ...(tags.length === 0 ? [" No tags defined"] : indent(tags, " ")),
  ].join("\n");
}

export const configVerb: PcsVerb = {
  words: ["config"],
  aliases: [["config", "show"]],
  usage: "[--full]",
  summary: "Show the whole configuration; passwords only with --full",
  flags: ["full"],
  looks: true,
  run: show,
};
