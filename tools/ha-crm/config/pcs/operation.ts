import { lookUp } from "../../../../shared/text/lookup.ts";
import { hint } from "../../../../shared/text/did-you-mean.ts";
import type { AgentFacts } from "../../model/agents.ts";
import { parseTimeMs } from "../../model/time.ts";
import type { CibEdit } from "./cib-edit.ts";
import type { PcsCommand } from "./context.ts";
import { makeNvSet } from "./nv.ts";
import { TreeElement } from "./tree.ts";
import { checkBoolean, isPair, isTime, readPairs, type Pairs } from "./words.ts";

/** One operation as the command line has it: `monitor interval=10s timeout=20s`. */
export interface OperationWords {
  readonly name: string;
  readonly options: Map<string, string>;
}

const OPTIONS = [
  "OCF_CHECK_LEVEL",
  "description",
  "enabled",
  "id",
  "interval",
  "interval-origin",
  "on-fail",
  "record-pending",
  "requires",
  "role",
  "start-delay",
  "timeout",
];
const ON_FAIL = ["block", "demote", "fence", "ignore", "restart", "restart-container", "standby", "stop"];
const ROLES = ["Started", "Stopped", "Promoted", "Unpromoted"];
const TIMES = ["interval", "timeout", "start-delay"];
const OLD_ROLES: Readonly<Record<string, string>> = { Master: "Promoted", Slave: "Unpromoted" };
/** What an agent can do, but a cluster never does by itself. */
const NOT_BY_DEFAULT = new Set(["meta-data", "metadata", "validate-all", "status", "manpage"]);

/** The role in today's words; the old ones are taken. */
export function todaysRole(command: PcsCommand, role: string): string {
  const title = role.slice(0, 1).toUpperCase() + role.slice(1).toLowerCase();
  const today = lookUp(OLD_ROLES, title);
  if (today !== undefined) command.warn("CRM_PCS_DEPRECATED", { name: role, fix: `write ${today}` }, `role=${role}`);
  return today ?? title;
}

/** `op monitor interval=10s monitor interval=11s role=Promoted`. */
export function readOperations(command: PcsCommand, parts: readonly (readonly string[])[]): OperationWords[] {
  const operations: OperationWords[] = [];
  for (const words of parts) {
    if (words.length === 0) command.wrongUse("after op an action is missing", "op");
    let current: string[] = [];
    let name: string | undefined;
    const finish = () => {
      if (name !== undefined) operations.push({ name, options: readPairs(command, current) });
      current = [];
    };
    for (const word of words) {
      if (isPair(word)) current.push(word);
      else {
        finish();
        name = word;
      }
    }
    if (name === undefined) command.wrongUse("after op an action must stand before its options", words[0]);
    finish();
  }
  return operations;
}

/** Checks the words of operations, and writes roles in today's words. */
export function checkOperations(
  command: PcsCommand,
  operations: readonly OperationWords[],
  facts: AgentFacts | undefined,
): void {
  for (const { name, options } of operations) {
    const actions = facts?.actions.map((one) => one.name) ?? [];
    if (facts !== undefined && !actions.includes(name)) {
      const data = { agent: facts.name, action: name, hint: hint(name, [...new Set(actions)]) };
      command.unlessForced("CRM_PCS_OP_ACTION", data, name);
    }
    for (const [option, value] of options) {
      const word = `${option}=${value}`;
      if (!OPTIONS.includes(option)) {
        command.problem("CRM_PCS_OPTION", { what: "an operation", name: option, hint: hint(option, OPTIONS) }, word);
      } else if (TIMES.includes(option) && value !== "" && !isTime(value)) {
        command.problem(
          "CRM_PCS_VALUE",
          { name: option, value, hint: 'use seconds, or a number with a unit such as "30s" or "5min"' },
          word,
        );
      }
    }
    const role = options.get("role");
    if (role !== undefined && role !== "") {
      const today = todaysRole(command, role);
      command.oneOf("role", today, ROLES);
      options.set("role", today);
    }
    const onFail = options.get("on-fail");
    if (onFail !== undefined && onFail !== "") command.oneOf("on-fail", onFail, ON_FAIL);
    for (const flag of ["enabled", "record-pending"]) checkBoolean(command, flag, options.get(flag));
  }
}

/** Milliseconds of `30s`, `5min`, `10`. */
export function timeMs(text: string): number {
  return parseTimeMs(text) ?? Number.NaN;
}

/** Two operations of one name need different intervals, also when they are written differently. */
export function checkIntervals(command: PcsCommand, resource: string, operations: readonly OperationWords[]): void {
  const seen = new Map<string, string>();
  for (const { name, options } of operations) {
    const interval = options.get("interval") ?? (name === "monitor" ? "60s" : "0s");
    const key = `${name} ${timeMs(interval)}`;
    if (seen.has(key)) command.problem("CRM_PCS_OP_SAME", { resource, name, interval }, `interval=${interval}`);
    seen.set(key, interval);
  }
}

/** What the agent asks for, where the operator says nothing. Intervals that clash are made different. */
export function defaultOperations(
  facts: AgentFacts | undefined,
  given: readonly OperationWords[],
  monitorOnly: boolean,
): OperationWords[] {
  const named = new Set(given.map((one) => one.name));
  const intervals = new Map<string, Set<number>>();
  const operations: OperationWords[] = [];
  for (const action of facts?.actions ?? []) {
    if (NOT_BY_DEFAULT.has(action.name) || named.has(action.name)) continue;
    if (monitorOnly && action.name !== "monitor") continue;
    const options = new Map<string, string>();
    const depth = action.depth ?? "0";
    const taken = intervals.get(action.name) ?? new Set<number>();
    let interval = action.interval ?? (action.name === "monitor" ? "60s" : "0s");
    while (taken.has(timeMs(interval))) interval = String(Math.floor(timeMs(interval) / 1000) + 1);
    taken.add(timeMs(interval));
    intervals.set(action.name, taken);
    options.set("interval", interval);
    if (action.timeout !== undefined) options.set("timeout", action.timeout);
    if (action.role !== undefined) options.set("role", action.role);
    if (action.startDelay !== undefined) options.set("start-delay", action.startDelay);
    if (depth !== "0") options.set("OCF_CHECK_LEVEL", depth);
    operations.push({ name: action.name, options });
  }
  // Every resource gets a monitor: without one its failure would never be noticed.
  if (![...named, ...operations.map((one) => one.name)].includes("monitor")) {
    operations.push({ name: "monitor", options: new Map([["interval", "60s"]]) });
  }
  return operations;
}

/**
 * The element of one operation; its id says name and interval.
 * @param ids pcs names the parts of an operation differently when it is added later
 */
export function makeOperation(
  cib: CibEdit,
  resource: string,
  words: OperationWords,
  reserved: Set<string>,
  ids: "created" | "added" = "created",
): TreeElement {
  const { name, options } = words;
  const interval = options.get("interval") ?? (name === "monitor" ? "60s" : "0s");
  const id = options.get("id") ?? cib.freeId(`${resource}-${name}-interval-${interval.replaceAll(" ", "")}`, reserved);
  reserved.add(id);
  const element = TreeElement.make("op", { name, interval });
  for (const [option, value] of options) {
    if (option !== "interval" && option !== "id" && option !== "OCF_CHECK_LEVEL" && value !== "")
      element.set(option, value);
  }
  element.set("id", id);
  const level = options.get("OCF_CHECK_LEVEL");
  if (level !== undefined && level !== "" && ids === "added") {
    const value = { name: "OCF_CHECK_LEVEL", value: level };
    const pair = TreeElement.make("nvpair", { id: cib.freeId(`${id}-OCF_CHECK_LEVEL-${level}`), ...value });
    element.append(TreeElement.make("instance_attributes", { id: cib.freeId(`params-${id}`) }, [pair]));
  } else if (level !== undefined && level !== "") {
    const pairs: Pairs = new Map([["OCF_CHECK_LEVEL", level]]);
    element.append(makeNvSet(cib, "instance_attributes", cib.freeId(`${id}-instance_attributes`), pairs));
  }
  return element;
}

export function byName(left: OperationWords, right: OperationWords): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0;
}
