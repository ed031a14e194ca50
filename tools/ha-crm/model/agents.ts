import table from "./agent-table.json";

/** What an agent says about itself, as far as a configuration needs it. */
export interface AgentFacts {
  readonly name: string;
  readonly parameters: readonly AgentParameter[];
  readonly actions: readonly AgentAction[];
}

export interface AgentParameter {
  readonly name: string;
  readonly required: boolean;
  readonly deprecated: boolean;
  /** The old name that this one takes the place of. */
  readonly replaces?: string | undefined;
}

export interface AgentAction {
  readonly name: string;
  readonly timeout?: string | undefined;
  readonly interval?: string | undefined;
  readonly role?: string | undefined;
  readonly depth?: string | undefined;
  readonly startDelay?: string | undefined;
}

/**
 * The agents of Debian's resource-agents and fence-agents, so that a configuration can be written and checked on a
 * host that has none of them. An installed agent's own description always comes before it.
 * A parameter is `name`, with `!` when it is required, `~` when deprecated, `<old` when it replaces one. An action is
 * `name t=TIMEOUT i=INTERVAL r=ROLE d=DEPTH s=START-DELAY`.
 */
const TABLE: ReadonlyMap<string, { readonly parameters: string; readonly actions: string }> = new Map(
  Object.entries(table),
);

function readParameter(text: string): AgentParameter {
  const [head = "", replaces] = text.split("<");
  return {
    name: head.replace(/[!~]+$/, ""),
    required: head.includes("!"),
    deprecated: head.includes("~"),
    replaces,
  };
}

function readAction(text: string): AgentAction {
  const [name = "", ...rest] = text.split(" ");
  const values = new Map(rest.map((word) => [word.slice(0, 1), word.slice(2)] as const));
  return {
    name,
    timeout: values.get("t"),
    interval: values.get("i"),
    role: values.get("r"),
    depth: values.get("d"),
    startDelay: values.get("s"),
  };
}

export function knownAgent(name: string): AgentFacts | undefined {
  const entry = TABLE.get(name);
  if (entry === undefined) return undefined;
  const split = (text: string, sign: string) => text.split(sign).filter((word) => word !== "");
  return {
    name,
    parameters: split(entry.parameters, " ").map(readParameter),
    actions: split(entry.actions, "; ").map(readAction),
  };
}

/** Whole names of the known agents with this type, such as `IPaddr2`. */
export function knownAgentsOfType(type: string): readonly string[] {
  return [...TABLE.keys()].filter((name) => name.startsWith("ocf:") && name.endsWith(`:${type}`));
}

export function knownAgentNames(): readonly string[] {
  return [...TABLE.keys()];
}

/** Options that the cluster itself takes for every fencing device (pacemaker-fenced(7)). */
const FENCING_ACTIONS = ["reboot", "off", "on", "list", "monitor", "status"];
export const FENCING_OPTIONS: readonly string[] = [
  "pcmk_host_argument",
  "pcmk_host_map",
  "pcmk_host_list",
  "pcmk_host_check",
  "pcmk_delay_max",
  "pcmk_delay_base",
  "pcmk_action_limit",
  "priority",
  "stonith-timeout",
  ...FENCING_ACTIONS.flatMap((action) => [`pcmk_${action}_action`, `pcmk_${action}_timeout`, `pcmk_${action}_retries`]),
];

/** Options that the OCF library takes for every one of its agents. */
export const OCF_TRACE_OPTIONS: readonly string[] = ["trace_ra", "trace_file"];
