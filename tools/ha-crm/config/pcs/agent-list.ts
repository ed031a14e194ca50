import { knownAgent, knownAgentNames } from "../../model/agents.ts";
import { findAgent, wholeName } from "./agent.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";

const CLASSES = ["lsb", "ocf", "service", "stonith", "systemd"];

function listed(command: PcsCommand, fencing: boolean): readonly string[] {
  const [filter] = command.words;
  return knownAgentNames()
    .filter((name) => name.startsWith("stonith:") === fencing)
    .filter((name) => filter === undefined || name.toLowerCase().includes(filter.toLowerCase()))
    .map((name) => (fencing ? name.slice("stonith:".length) : name));
}

/** What an agent takes and does, as far as a configuration needs it. */
function describeAgent(command: PcsCommand, name: string): string {
  const facts = command.world.agent(name) ?? knownAgent(name);
  if (facts === undefined) {
    command.refuse(
      "CRM_PCS_AGENT_UNKNOWN",
      { agent: name, hint: '"ha-crm resource agents" lists the known ones' },
      command.words[0],
    );
  }
  const parameters = facts.parameters.map((one) => {
    const notes = [one.required ? "required" : "", one.deprecated ? "deprecated" : ""].filter((text) => text !== "");
    return `  ${one.name}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`;
  });
  const actions = facts.actions.map((one) => {
    const words = [
      ["interval", one.interval],
      ["timeout", one.timeout],
      ["role", one.role],
      ["depth", one.depth === "0" ? undefined : one.depth],
    ].flatMap(([key, value]) => (value === undefined ? [] : [`${key ?? ""}=${value}`]));
    return `  ${[one.name, ...words].join(" ")}`;
  });
  return [name, "Options:", ...parameters, "Actions:", ...actions].join("\n");
}

const common = { looks: true, needsNoFile: true, flags: ["nodesc", "full"] } as const;

export const agentVerbs: readonly PcsVerb[] = [
  {
    ...common,
    words: ["resource", "agents"],
    aliases: [["resource", "list"]],
    usage: "[FILTER]",
    summary: "List the agents that are known",
    run: (command) => listed(command, false).join("\n"),
  },
  {
    ...common,
    words: ["stonith", "list"],
    usage: "[FILTER]",
    summary: "List the fence agents that are known",
    run: (command) => listed(command, true).join("\n"),
  },
  {
    ...common,
    words: ["resource", "describe"],
    usage: "AGENT",
    summary: "Show options and actions of an agent",
    run(command: PcsCommand) {
      const [word] = command.words;
      if (word === undefined) command.wrongUse("name the agent");
      return describeAgent(command, wholeName(findAgent(command, word)));
    },
  },
  {
    ...common,
    words: ["stonith", "describe"],
    usage: "AGENT",
    summary: "Show options and actions of a fence agent",
    run(command: PcsCommand) {
      const [word] = command.words;
      if (word === undefined) command.wrongUse("name the agent");
      return describeAgent(command, `stonith:${word.replace(/^stonith:/, "")}`);
    },
  },
  {
    ...common,
    words: ["resource", "standards"],
    usage: "",
    summary: "List the classes of agents",
    run: () => CLASSES.join("\n"),
  },
  {
    ...common,
    words: ["resource", "providers"],
    usage: "",
    summary: "List the providers of OCF agents",
    run: () =>
      [
        ...new Set(knownAgentNames().flatMap((name) => (name.startsWith("ocf:") ? [name.split(":")[1] ?? ""] : []))),
      ].join("\n"),
  },
];
