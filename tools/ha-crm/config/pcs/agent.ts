import { hint } from "../../../../shared/text/did-you-mean.ts";
import { FENCING_OPTIONS, OCF_TRACE_OPTIONS, knownAgentNames, type AgentFacts } from "../../model/agents.ts";
import type { PcsCommand } from "./context.ts";
import type { Pairs } from "./words.ts";

export interface AgentName {
  readonly class: string;
  readonly provider?: string | undefined;
  readonly type: string;
}

const CLASSES = ["ocf", "systemd", "lsb", "service", "stonith", "nagios", "upstart"];

export const wholeName = (agent: AgentName): string =>
  [agent.class, agent.provider, agent.type].filter((word) => word !== undefined).join(":");

/** `ocf:heartbeat:IPaddr2`, `systemd:nginx`, or a bare type when only one agent has it. */
export function findAgent(command: PcsCommand, word: string): AgentName {
  const parts = word.split(":");
  const [first = "", second = "", third] = parts;
  if (parts.length === 1) {
    const names = command.world.agentsOfType(word);
    const [only] = names;
    if (only === undefined) {
      const types = [...new Set(knownAgentNames().map((name) => name.split(":").at(-1) ?? ""))];
      command.refuse("CRM_PCS_AGENT_UNKNOWN", { agent: word, hint: hint(word, types) }, word);
    }
    // Heartbeat's and Pacemaker's own Dummy differ, so nobody may choose between them silently.
    if (names.length > 1) command.refuse("CRM_PCS_AGENT_SEVERAL", { name: word, agents: names.join(", ") }, word);
    return findAgent(command, only);
  }
  const wrong =
    parts.some((part) => part === "") ||
    parts.length > 3 ||
    !CLASSES.includes(first) ||
    (first === "ocf") !== (parts.length === 3);
  // A unit of systemd may have colons of its own, such as an instance name.
  if (wrong && first !== "systemd" && first !== "service") command.refuse("CRM_PCS_AGENT_FORM", { agent: word }, word);
  if (first === "ocf") return { class: "ocf", provider: second, type: third ?? "" };
  return { class: first, type: parts.slice(1).join(":") };
}

/** The agent's description; undefined only when --force lets an unknown one pass. */
export function agentFacts(command: PcsCommand, agent: AgentName, word: string): AgentFacts | undefined {
  const name = wholeName(agent);
  const facts = command.world.agent(name);
  if (facts === undefined) {
    const near = hint(name, knownAgentNames());
    const known = near.startsWith("did you mean") ? near : '"ha-crm resource agents" lists the known ones';
    command.unlessForced("CRM_PCS_AGENT_UNKNOWN", { agent: name, hint: known }, word);
    if (command.force) command.warn("CRM_PCS_FORCED", { problem: `the agent ${name} is not known here` }, word);
  }
  return facts;
}

/** Is every option known, and every required one there? */
export function checkAgentOptions(
  command: PcsCommand,
  facts: AgentFacts | undefined,
  pairs: Pairs,
  scope: "all" | "given" = "all",
): void {
  if (facts === undefined) return;
  const fencing = facts.name.startsWith("stonith:");
  const known = [
    ...facts.parameters.map((one) => one.name),
    ...(fencing ? FENCING_OPTIONS : facts.name.startsWith("ocf:") ? OCF_TRACE_OPTIONS : []),
  ];
  for (const [name, value] of pairs) {
    const word = `${name}=${value}`;
    if (fencing && (name === "action" || name === "method") && name === "action") {
      const instead = "leave it out; the cluster gives the action, and stonith-action or pcmk_reboot_action change it";
      command.unlessForced("CRM_PCS_OPTION", { what: facts.name, name, hint: instead }, word);
    } else if (!known.includes(name) && value !== "") {
      command.unlessForced("CRM_PCS_OPTION", { what: facts.name, name, hint: hint(name, known) }, word);
      if (command.force) command.warn("CRM_PCS_FORCED", { problem: `${facts.name} has no option ${name}` }, word);
    }
    const newer = facts.parameters.find((one) => one.replaces === name);
    if (newer !== undefined) command.warn("CRM_PCS_DEPRECATED", { name, fix: `write ${newer.name}=` }, word);
  }
  if (scope === "given") return;
  const missing = facts.parameters.filter(
    (one) => isNeeded(one.name, fencing) && one.required && !one.deprecated && !isGiven(one.name, facts, pairs),
  );
  if (missing.length === 0) return;
  const names = missing.map((one) => one.name);
  const example = names.map((name) => `${name}=…`).join(" ");
  command.unlessForced("CRM_PCS_OPTION_MISSING", { what: facts.name, names: names.join(", "), example });
}

/** The cluster gives fence agents the action and the host. */
const isNeeded = (name: string, fencing: boolean) => !fencing || !["action", "plug", "port", "nodename"].includes(name);

function isGiven(name: string, facts: AgentFacts, pairs: Pairs): boolean {
  if ((pairs.get(name) ?? "") !== "") return true;
  const old = facts.parameters.find((one) => one.name === name)?.replaces;
  return old !== undefined && (pairs.get(old) ?? "") !== "";
}
