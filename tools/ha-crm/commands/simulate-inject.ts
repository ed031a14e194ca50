import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import { hint } from "../../../shared/text/did-you-mean.ts";
import { parseIsoTime } from "../decide/dates.ts";
import { type FailingAction, parseFailing } from "../decide/execute.ts";
import { withGuestConnections } from "../decide/guest-nodes.ts";
import { remoteNames } from "../decide/unpack-resources.ts";
import * as whatIf from "../decide/what-if.ts";
import type { Cluster } from "../model/cluster.ts";
import { crmReasons } from "../model/reasons.ts";
import type { ClusterState } from "../model/state.ts";

/** What the command line asks for, as it was written. */
export interface Injections {
  readonly nodeUp: readonly string[];
  readonly nodeDown: readonly string[];
  readonly nodeFail: readonly string[];
  readonly opInject: readonly string[];
  readonly opFail: readonly string[];
  readonly ticket: readonly string[];
  readonly set: readonly string[];
  readonly quorum: string | undefined;
  readonly date: string | undefined;
}

export interface Injected {
  readonly cluster: Cluster;
  readonly state: ClusterState;
  /** Seconds since 1970. */
  readonly now: number;
  readonly failing: readonly FailingAction[];
}

const ARGV = { file: "argv", line: 1, column: 1 };
const EXAMPLES = {
  "op-inject": "db_monitor_10000@n1=7",
  "op-fail": "db_start_0@n1=1",
  ticket: "geo=granted (or revoked, standby, active)",
  set: "db.target-role=Stopped, or property.maintenance-mode=true",
} as const;

/** Applies all wishes, and names everything that is wrong with them. */
export function inject(given: Cluster, before: ClusterState, wishes: Injections, nowMs: number): Result<Injected> {
  const run = new Injection(given, before, Math.floor(nowMs / 1000));
  run.readDate(wishes.date);
  if (wishes.quorum !== undefined) run.state = { ...run.state, quorate: wishes.quorum === "yes" };
  for (const name of wishes.nodeUp) run.node(name, "up");
  for (const name of wishes.nodeDown) run.node(name, "down");
  for (const name of wishes.nodeFail) run.node(name, "fail");
  for (const text of wishes.ticket) run.ticket(text);
  for (const text of wishes.set) run.set(text);
  for (const text of wishes.opInject) run.outcome(text);
  const failing = wishes.opFail.flatMap((text) => run.failing(text));
  if (run.problems.length > 0) return fail(run.problems);
  return ok({ cluster: run.cluster, state: run.state, now: run.now, failing });
}

class Injection {
  readonly problems: Reason[] = [];
  cluster: Cluster;
  state: ClusterState;
  now: number;

  constructor(cluster: Cluster, state: ClusterState, now: number) {
    this.cluster = cluster;
    this.state = state;
    this.now = now;
  }

  private badForm(option: keyof typeof EXAMPLES, value: string): void {
    this.problems.push(reason(crmReasons, "CRM_SIM_FORM", { option, value, example: EXAMPLES[option] }, ARGV));
  }

  private unknown(what: string, name: string, known: readonly string[]): void {
    this.problems.push(reason(crmReasons, "CRM_SIM_UNKNOWN", { what, name, hint: hint(name, known) }, ARGV));
  }

  readDate(text: string | undefined): void {
    if (text === undefined) return;
    const seconds = /^\d+$/.test(text) ? Number(text) : parseIsoTime(text);
    if (seconds === undefined) this.problems.push(reason(crmReasons, "CRM_SIM_DATE", { value: text }, ARGV));
    else this.now = seconds;
  }

  node(name: string, change: whatIf.NodeChange): void {
    this.changeNode(name, (node) => whatIf.switchNode(node, change));
  }

  private changeNode(name: string, change: Parameters<typeof whatIf.changeNode>[3]): void {
    const changed = whatIf.changeNode(this.cluster, this.state, name, change);
    if (changed !== undefined) this.state = changed;
    else if (remoteNames(withGuestConnections(this.cluster).resources).includes(name))
      this.problems.push(reason(crmReasons, "CRM_SIM_REMOTE", { name }, ARGV));
    else {
      const known = this.cluster.nodes.map((node) => node.name);
      this.unknown("node", name, known);
    }
  }

  ticket(text: string): void {
    const [id = "", word = ""] = text.split("=");
    const states: readonly whatIf.TicketChange[] = ["granted", "revoked", "standby", "active"];
    const change = states.find((one) => one === word);
    if (id === "" || change === undefined) this.badForm("ticket", text);
    else this.state = whatIf.changeTicket(this.state, id, change);
  }

  set(text: string): void {
    const found = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(text);
    const [, id = "", name = "", value = ""] = found ?? [];
    if (found === null) this.badForm("set", text);
    else if (id === "property") this.cluster = whatIf.setProperty(this.cluster, name, value);
    else {
      const changed = whatIf.setMeta(this.cluster, id, name, value);
      if (changed === undefined)
        this.unknown(
          "resource",
          id,
          this.cluster.resources.map((one) => one.id),
        );
      else this.cluster = changed;
    }
  }

  outcome(text: string): void {
    const one = parseFailing(text);
    if (one === undefined) {
      this.badForm("op-inject", text);
      return;
    }
    this.changeNode(one.node, (node) => {
      const changed = whatIf.injectOutcome(node, one, this.now);
      if (changed === undefined) this.badForm("op-inject", text);
      return changed ?? node;
    });
  }

  failing(text: string): readonly FailingAction[] {
    const one = parseFailing(text);
    if (one !== undefined) return [one];
    this.badForm("op-fail", text);
    return [];
  }
}
