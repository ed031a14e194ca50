import { type Command, defineCommand } from "../../../shared/cli/command.ts";
import type { Output } from "../../../shared/cli/output.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { currentPlacement, type ActiveAt, type Placement } from "../decide/placement.ts";
import { readWorld } from "../decide/schedule.ts";
import type { Cluster } from "../model/cluster.ts";
import { formatAgent, primitivesOf, type Primitive, type Resource } from "../model/resource.ts";
import { loadConfiguration } from "./load.ts";

const shown = (one: ActiveAt) => (one.role === "Started" ? `Started ${one.node}` : `${one.role} ${one.node}`);

function agentOf(cluster: Cluster, one: Primitive): string {
  const agent = one.agent ?? cluster.templates.find((template) => template.id === one.template)?.agent;
  return agent === undefined ? "" : formatAgent(agent);
}

function primitiveLine(cluster: Cluster, one: Primitive, placement: Placement): string {
  const active = placement[one.id] ?? [];
  const state = active.length === 0 ? "Stopped" : active.map(shown).join(", ");
  return `  * ${one.id}\t(${agentOf(cluster, one)}):\t ${state}`;
}

/** Lines as crm_mon and pcs show them. */
function resourceLines(cluster: Cluster, resource: Resource, placement: Placement): readonly string[] {
  switch (resource.kind) {
    case "primitive":
      return [primitiveLine(cluster, resource, placement)];
    case "group": {
      const members = resource.members.map((one) => `  ${primitiveLine(cluster, one, placement)}`);
      return [`  * Resource Group: ${resource.id}:`, ...members];
    }
    case "clone": {
      const roles = new Map<string, string[]>();
      for (const one of primitivesOf(resource)
        .slice(0, 1)
        .flatMap((primitive) => placement[primitive.id] ?? [])) {
        roles.set(one.role, [...(roles.get(one.role) ?? []), one.node]);
      }
      const used = new Set([...roles.values()].flat());
      const stopped = cluster.nodes.map((node) => node.name).filter((name) => !used.has(name));
      const lines = [...roles, ...(stopped.length === 0 ? [] : [["Stopped", stopped] as const])];
      return [
        `  * Clone Set: ${resource.id} [${resource.child.id}]:`,
        ...lines.map(([role, nodes]) => `    * ${role}: [ ${nodes.join(" ")} ]`),
      ];
    }
    default:
      return resource satisfies never;
  }
}

function show(file: string | undefined, fencing: boolean, tool: string, out: Output): ExitCode {
  if (file === undefined) {
    out.note(`there is no running cluster to ask here; name a file: "${tool} -f cib.xml resource status"`);
    return EXIT.unreachable;
  }
  const loaded = loadConfiguration(file, out);
  if (typeof loaded === "number") return loaded;
  const { cluster, state } = loaded;
  const placement = currentPlacement(readWorld({ cluster, state, now: Math.floor(Date.now() / 1000) }));
  const isFencing = (one: Resource) => one.kind === "primitive" && agentOf(cluster, one).startsWith("stonith:");
  const wanted = cluster.resources.filter((one) => isFencing(one) === fencing);
  const lines = wanted.flatMap((one) => resourceLines(cluster, one, placement));
  const active = Object.fromEntries(
    wanted.flatMap(primitivesOf).map((one) => [one.id, placement[one.id] ?? []] as const),
  );
  return out.show({
    json: { resources: active },
    text: lines.length === 0 ? "nothing is configured" : lines.join("\n"),
  });
}

function statusOf(word: "resource" | "stonith", what: string): Command {
  return defineCommand({
    name: [word, "status"],
    aliases: [[word]],
    summary: `Show where ${what} run, by the status in a CIB`,
    options: { file: { type: "string", short: "f", summary: "the CIB, or ha.yaml", placeholder: "FILE" } },
    run: ({ options, tool, out }) => show(options.file, word === "stonith", tool, out),
  });
}

export const statusCommands: readonly Command[] = [
  statusOf("resource", "resources"),
  statusOf("stonith", "fencing devices"),
];
