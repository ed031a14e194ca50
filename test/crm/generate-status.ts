import { nvset, type GeneratedNode, type Making } from "./generate.ts";
import type { MadeResource } from "./generate-resources.ts";
import { NOW } from "./oracle.ts";
import { tree, type Tree } from "./xml-tree.ts";

type NodeMood = "online" | "down" | "unclean" | "lost" | "pending" | "unseen" | "shutdown";

interface Entry {
  readonly operation: string;
  readonly intervalMs: number;
  readonly rc: number;
  readonly status: number;
  readonly expected: number;
  readonly extra?: Readonly<Record<string, string>>;
  readonly failed?: boolean;
}

const KEY = "2668bbeb-06d5-40f9-936d-24cab7f87006";

/** Digests of no parameters at all, and of the default timeout: without them the oracle restarts everything. */
const DIGEST = "f2317cad3d54cec5d7d7aa7d0bf35cf8";
const RECURRING_DIGEST = "4811cef7f7f94e3a35a70be7916cb2fd";

class NodeHistory {
  readonly resources = new Map<string, { readonly type: string; readonly class: string; readonly entries: Entry[] }>();
  readonly attributes: Record<string, string | number> = {};
}

class StatusMaker {
  readonly making: Making;
  readonly histories = new Map<string, NodeHistory>();
  readonly moods = new Map<string, NodeMood>();
  callId = 5;

  constructor(making: Making) {
    this.making = making;
    for (const node of making.nodes) this.histories.set(node.name, new NodeHistory());
  }

  mood(node: GeneratedNode): NodeMood {
    const { random, has } = this.making;
    if (node.remote) return "online";
    if (node.id === "1" && random.chance(0.9)) return "online";
    if (has("unclean") && random.chance(0.35)) return random.pick(["unclean", "lost", "unseen"]);
    if (has("pending") && random.chance(0.15)) return "pending";
    if (has("shutdown") && random.chance(0.3)) return "shutdown";
    return random.chance(0.08) ? "down" : "online";
  }

  history(node: string, resource: string, type: string, klass: string): Entry[] {
    const all = this.histories.get(node);
    if (all === undefined) throw new Error(`no node ${node}`);
    const known = all.resources.get(resource);
    if (known !== undefined) return known.entries;
    const made = { type, class: klass, entries: [] };
    all.resources.set(resource, made);
    return made.entries;
  }

  /** Nodes with a history: where something could have been active. */
  usable(): readonly GeneratedNode[] {
    return this.making.nodes.filter((node) => !["down", "unseen"].includes(this.moods.get(node.name) ?? "down"));
  }

  addResource(resource: MadeResource): void {
    const { random, has } = this.making;
    const nodes = this.usable();
    if (nodes.length === 0) return;
    const instances =
      resource.kind === "clone" ? Math.min(resource.instances, resource.unique ? resource.instances : nodes.length) : 1;
    const shuffled = random.shuffle(nodes);
    let promoted = false;
    for (let number = 0; number < instances; number += 1) {
      if (!has("active") || random.chance(resource.kind === "clone" ? 0.15 : 0.25)) continue;
      const node = shuffled[number % shuffled.length];
      if (node === undefined || (node.remote && staysLocal(resource))) continue;
      const isPromoted = resource.promotable && !promoted && random.chance(0.6);
      if (isPromoted) promoted = true;
      this.activate(resource, node, resource.unique ? `:${number}` : "", isPromoted);
      if (has("multiple") && resource.kind !== "clone" && random.chance(0.2)) {
        const other = random.pick(shuffled);
        if (other !== node && !(other.remote && staysLocal(resource))) this.activate(resource, other, "", false);
      }
    }
    this.addProbes(resource, nodes);
  }

  private addProbes(resource: MadeResource, nodes: readonly GeneratedNode[]): void {
    const { random, has } = this.making;
    for (const node of nodes) {
      if (this.moods.get(node.name) === "pending" || (node.remote && staysLocal(resource))) continue;
      if (has("probes") && random.chance(0.3)) continue;
      for (const primitive of resource.primitives) {
        const numbers = resource.unique ? Array.from({ length: resource.instances }, (_, index) => `:${index}`) : [""];
        for (const suffix of numbers) {
          const entries = this.history(node.name, primitive + suffix, typeOf(resource), classOf(resource));
          if (entries.length > 0) continue;
          const rc = has("failures") && random.chance(0.03) ? 5 : 7;
          entries.push({ operation: "monitor", intervalMs: 0, rc, status: 0, expected: 7 });
        }
      }
    }
    if (!resource.promotable) return;
    for (const node of nodes) {
      const history = this.histories.get(node.name);
      if (history === undefined) continue;
      for (const primitive of resource.primitives) {
        if (random.chance(0.7))
          history.attributes[`master-${primitive}`] = random.pick([5, 10, 10, 100, 1, -5, "-INFINITY"]);
      }
    }
  }

  private activate(resource: MadeResource, node: GeneratedNode, suffix: string, promoted: boolean): void {
    const { random, has } = this.making;
    const most = resource.primitives.length;
    const count = most > 1 && random.chance(0.2) ? random.whole(0, most) : most;
    for (const primitive of resource.primitives.slice(0, count)) {
      const name = primitive + suffix;
      const entries = this.history(node.name, name, typeOf(resource), classOf(resource));
      if (entries.length > 0) continue;
      entries.push({ operation: "start", intervalMs: 0, rc: 0, status: 0, expected: 0 });
      if (promoted) entries.push({ operation: "promote", intervalMs: 0, rc: 0, status: 0, expected: 0 });
      for (const monitor of resource.monitors.get(primitive) ?? []) {
        if (monitor.role === "Stopped" || (monitor.role === "Promoted") !== (promoted && resource.promotable)) continue;
        if (random.chance(0.1)) continue;
        const rc = promoted ? 8 : 0;
        entries.push({ operation: "monitor", intervalMs: monitor.intervalMs, rc, status: 0, expected: rc });
      }
      if (has("failures") && random.chance(0.25)) this.fail(resource, node, name, entries, promoted);
      if (has("pending") && random.chance(0.1)) {
        entries.push({
          operation: random.pick(resource.promotable ? ["stop", promoted ? "demote" : "promote"] : ["stop", "monitor"]),
          intervalMs: 0,
          rc: 193,
          status: -1,
          expected: 0,
        });
      }
      if (has("migration") && !resource.promotable && resource.kind === "primitive" && random.chance(0.12))
        this.migrate(resource, node, name, entries);
    }
  }

  private fail(resource: MadeResource, node: GeneratedNode, name: string, entries: Entry[], promoted: boolean): void {
    const { random } = this.making;
    const history = this.histories.get(node.name);
    if (history === undefined) return;
    const monitors = (resource.monitors.get(name.replace(/:\d+$/, "")) ?? []).filter(
      (one) => one.role !== "Stopped" && (one.role === "Promoted") === (promoted && resource.promotable),
    );
    const monitor = monitors[0];
    const operation = random.pick([
      ...(monitor === undefined ? [] : ["monitor", "monitor", "monitor", "monitor"]),
      "start",
      "stop",
      ...(promoted ? ["promote", "demote"] : []),
    ]);
    const intervalMs = operation === "monitor" ? (monitor?.intervalMs ?? 10_000) : 0;
    const rc = random.pick([1, 7, 1, 7, 5, 6, 2, 1]);
    const expected = operation === "monitor" ? (promoted ? 8 : 0) : 0;
    const timeout = random.chance(0.1);
    const hard = operation === "monitor" && rc === 7 ? 0 : 4;
    entries.push({
      operation,
      intervalMs,
      rc: timeout ? 1 : operation === "stop" && rc === 7 ? 1 : rc,
      status: timeout ? 2 : random.chance(0.5) ? 4 : hard === 0 ? 0 : 4,
      expected,
      failed: true,
    });
    const count = random.pick([1, 1, 2, 3, "INFINITY"]);
    history.attributes[`fail-count-${name.replace(/:\d+$/, resource.unique ? "$&" : "")}#${operation}_${intervalMs}`] =
      count;
    history.attributes[`last-failure-${name}#${operation}_${intervalMs}`] = NOW - random.pick([30, 300, 4000]);
  }

  private migrate(resource: MadeResource, node: GeneratedNode, name: string, entries: Entry[]): void {
    const { random } = this.making;
    const others = this.usable().filter((other) => other !== node && !other.remote);
    if (others.length === 0) return;
    const target = random.pick(others);
    const extra = { migrate_source: node.name, migrate_target: target.name };
    const there = this.history(target.name, name, typeOf(resource), "ocf");
    if (there.length > 0) return;
    const stage = random.whole(0, 4);
    if (stage === 0) entries.push({ operation: "migrate_to", intervalMs: 0, rc: 193, status: -1, expected: 0, extra });
    else if (stage === 1)
      entries.push({ operation: "migrate_to", intervalMs: 0, rc: 1, status: 4, expected: 0, extra, failed: true });
    else {
      entries.push({ operation: "migrate_to", intervalMs: 0, rc: 0, status: 0, expected: 0, extra });
      if (stage === 3) there.push({ operation: "migrate_from", intervalMs: 0, rc: 0, status: 0, expected: 0, extra });
      if (stage === 4)
        there.push({ operation: "migrate_from", intervalMs: 0, rc: 1, status: 4, expected: 0, extra, failed: true });
    }
  }

  entryTree(node: GeneratedNode, name: string, entry: Entry): Tree {
    const key = `${name}_${entry.operation}_${entry.intervalMs}`;
    this.callId += 1;
    const suffix =
      entry.failed === true
        ? "last_failure_0"
        : entry.intervalMs > 0
          ? `${entry.operation}_${entry.intervalMs}`
          : `${entry.operation}_0`;
    const transition = `5:1:${entry.expected}:${KEY}`;
    const pending = entry.status === -1;
    const last = NOW - (entry.failed === true ? this.making.random.pick([30, 300, 4000]) : 5000);
    return tree("lrm_rsc_op", {
      id: `${name}_${suffix}`,
      operation_key: key,
      operation: entry.operation,
      "crm-debug-origin": "generator",
      crm_feature_set: "3.16.1",
      "transition-key": transition,
      "transition-magic": `${entry.status}:${entry.rc};${transition}`,
      on_node: node.name,
      "call-id": pending ? -1 : this.callId,
      "rc-code": entry.rc,
      "op-status": entry.status,
      interval: entry.intervalMs,
      "last-rc-change": last,
      "exec-time": 0,
      "queue-time": 0,
      "op-digest": entry.intervalMs > 0 ? RECURRING_DIGEST : DIGEST,
      ...entry.extra,
    });
  }

  nodeTree(node: GeneratedNode): Tree | undefined {
    const { random, has } = this.making;
    const mood = this.moods.get(node.name) ?? "online";
    if (mood === "unseen") return undefined;
    const history = this.histories.get(node.name) ?? new NodeHistory();
    if (mood === "shutdown") history.attributes["shutdown"] = NOW - 10;
    if (has("unfencing") && random.chance(0.5)) history.attributes["#node-unfenced"] = NOW - 100;
    if (has("standby") && random.chance(0.1)) history.attributes["standby"] = "on";
    if (has("health") && random.chance(0.15))
      history.attributes["#health-cpu"] = random.pick(["red", "yellow", "green"]);
    const resources = [...history.resources].map(([name, one]) =>
      tree(
        "lrm_resource",
        { id: name, class: one.class, ...(one.class === "ocf" ? { provider: "pacemaker" } : {}), type: one.type },
        one.entries.map((entry) => this.entryTree(node, name, entry)),
      ),
    );
    return tree(
      "node_state",
      { id: node.id, uname: node.name, ...(node.remote ? { remote_node: "true" } : stateOf(mood)) },
      [
        tree("lrm", { id: node.id }, [tree("lrm_resources", {}, resources)]),
        Object.keys(history.attributes).length > 0
          ? tree("transient_attributes", { id: node.id }, [
              nvset(this.making, "instance_attributes", history.attributes),
            ])
          : undefined,
      ],
    );
  }
}

function stateOf(mood: NodeMood): Readonly<Record<string, string>> {
  const online = {
    in_ccm: "true",
    crmd: "online",
    join: "member",
    expected: "member",
    "crm-debug-origin": "generator",
  };
  switch (mood) {
    case "down":
      return { ...online, in_ccm: "false", crmd: "offline", join: "down", expected: "down" };
    case "unclean":
      return { ...online, in_ccm: "false", crmd: "offline" };
    case "lost":
      return { ...online, crmd: "offline" };
    case "pending":
      return { ...online, join: "down", expected: "down" };
    case "unseen":
    case "online":
    case "shutdown":
      return online;
    default:
      return mood satisfies never;
  }
}

const typeOf = (resource: MadeResource) =>
  resource.fence
    ? "fence_dummy"
    : resource.promotable
      ? "Stateful"
      : resource.id.startsWith("remote")
        ? "remote"
        : "Dummy";
/** Fence devices and connections run on cluster nodes only. */
const staysLocal = (resource: MadeResource) => resource.fence || typeOf(resource) === "remote";
const classOf = (resource: MadeResource) => (resource.fence ? "stonith" : "ocf");

export function makeStatus(making: Making): Tree {
  const { random, has } = making;
  const maker = new StatusMaker(making);
  for (const node of making.nodes) maker.moods.set(node.name, maker.mood(node));
  for (const resource of making.resources) maker.addResource(resource);
  if (has("orphans") && random.chance(0.8)) {
    const node = random.pick(making.nodes);
    if (!["down", "unseen"].includes(maker.moods.get(node.name) ?? "")) {
      const entries = maker.history(node.name, "orphan1", "Dummy", "ocf");
      entries.push({ operation: "start", intervalMs: 0, rc: 0, status: 0, expected: 0 });
      if (random.chance(0.5)) entries.push({ operation: "monitor", intervalMs: 10_000, rc: 0, status: 0, expected: 0 });
    }
  }
  const states = making.nodes.map((node) => maker.nodeTree(node));
  const tickets = has("tickets")
    ? tree(
        "tickets",
        {},
        ["ticketA", "ticketB"]
          .filter(() => random.chance(0.7))
          .map((id) =>
            tree("ticket_state", { id, granted: random.chance(0.6), standby: random.chance(0.2) ? "true" : undefined }),
          ),
      )
    : undefined;
  return tree("status", {}, [...states, tickets]);
}
