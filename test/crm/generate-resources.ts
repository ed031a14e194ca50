import { nvset, type FeatureKind, type GeneratedNode } from "./generate.ts";
import type { Random } from "./random.ts";
import { tree, type Tree } from "./xml-tree.ts";

/** What the constraints and the status need to know of a resource. */
export interface MadeResource {
  readonly id: string;
  readonly kind: "primitive" | "group" | "clone";
  readonly primitives: readonly string[];
  readonly promotable: boolean;
  readonly unique: boolean;
  readonly instances: number;
  readonly fence: boolean;
  /** Intervals of configured monitors in ms by primitive. */
  readonly monitors: ReadonlyMap<string, readonly Monitor[]>;
}

export interface Monitor {
  readonly intervalMs: number;
  readonly role: string | undefined;
}

interface Base {
  readonly random: Random;
  readonly has: (kind: FeatureKind) => boolean;
  readonly nodes: readonly GeneratedNode[];
  readonly id: (word: string) => string;
}

export interface MadeResources {
  readonly resources: readonly MadeResource[];
  readonly trees: readonly Tree[];
  readonly topology: readonly Tree[];
  readonly defaults: readonly Tree[];
}

type Values = Record<string, string | number | boolean>;

class Maker {
  readonly base: Base;
  readonly resources: MadeResource[] = [];
  readonly trees: Tree[] = [];
  readonly templates: string[] = [];
  private count = 0;

  constructor(base: Base) {
    this.base = base;
  }

  private name(word: string): string {
    this.count += 1;
    return `${word}${this.count}`;
  }

  /** Meta attributes that any resource may have. */
  private meta(inside: "primitive" | "group" | "clone"): Values {
    const { random, has } = this.base;
    const meta: Values = {};
    if (has("stickiness") && random.chance(0.4))
      meta["resource-stickiness"] = random.pick([0, 1, 50, 100, 200, "INFINITY", -10]);
    if (has("priority") && random.chance(0.5)) meta["priority"] = random.pick([1, 5, 10, -1, 10, 100]);
    if (has("targetRole") && random.chance(0.25))
      meta["target-role"] = random.pick(["Stopped", "Started", "Stopped", "Unpromoted", "Promoted"]);
    if (has("unmanaged") && random.chance(0.2)) meta["is-managed"] = false;
    if (has("maintenance") && random.chance(0.1)) meta["maintenance"] = true;
    if (has("critical") && random.chance(0.3)) meta["critical"] = false;
    if (inside === "group" && random.chance(0.1)) meta["ordered"] = random.chance(0.5);
    if (inside === "primitive") {
      if (has("failures") && random.chance(0.5)) meta["migration-threshold"] = random.pick([0, 1, 2, 3, "INFINITY"]);
      if (has("failures") && random.chance(0.3)) meta["failure-timeout"] = random.pick(["60", "10min", "1h"]);
      if (has("multiple") && random.chance(0.5))
        meta["multiple-active"] = random.pick(["stop_start", "stop_only", "block", "stop_unexpected"]);
      if (has("migration") && random.chance(0.6)) meta["allow-migrate"] = true;
      if (has("fencing") && random.chance(0.15)) meta["requires"] = random.pick(["nothing", "quorum", "fencing"]);
    }
    return meta;
  }

  private operations(
    owner: string,
    promotable: boolean,
  ): { readonly trees: readonly Tree[]; readonly monitors: readonly Monitor[] } {
    const { random, has } = this.base;
    const trees: Tree[] = [];
    const monitors: Monitor[] = [];
    const onFail = (words: readonly string[]) => (has("onFail") && random.chance(0.5) ? random.pick(words) : undefined);
    const add = (name: string, intervalMs: number, role: string | undefined, words: readonly string[]) => {
      const interval = intervalMs === 0 ? "0" : `${intervalMs / 1000}s`;
      const id = `${owner}-${name}-${interval}`;
      trees.push(tree("op", { id, name, interval, role, "on-fail": onFail(words) }));
      if (intervalMs > 0) monitors.push({ intervalMs, role });
    };
    const words = ["ignore", "block", "stop", "restart", "standby", "fence"];
    if (has("monitors") && random.chance(0.8)) {
      if (promotable) {
        add("monitor", 10_000, "Promoted", [...words, "demote"]);
        add("monitor", 11_000, "Unpromoted", words);
      } else {
        add("monitor", 10_000, undefined, words);
        if (random.chance(0.1)) add("monitor", 20_000, "Stopped", words);
      }
    }
    if (has("onFail") && random.chance(0.4)) add("start", 0, undefined, words);
    if (has("onFail") && random.chance(0.3)) add("stop", 0, undefined, ["block", "fence", "ignore"]);
    if (has("onFail") && promotable && random.chance(0.3)) add("promote", 0, undefined, [...words, "demote"]);
    return { trees, monitors };
  }

  private primitive(
    word: string,
    promotable: boolean,
    inside: boolean,
  ): { readonly id: string; readonly tree: Tree; readonly monitors: readonly Monitor[] } {
    const { random, has } = this.base;
    const id = this.name(word);
    const { trees, monitors } = this.operations(id, promotable);
    const needs: Values =
      has("utilization") && random.chance(0.8) ? { cpu: random.whole(0, 4), ram: random.whole(0, 6) } : {};
    const meta = inside && random.chance(0.6) ? {} : this.meta("primitive");
    const template =
      has("template") && this.templates.length > 0 && random.chance(0.4) ? random.pick(this.templates) : undefined;
    const agent = promotable
      ? { class: "ocf", provider: "pacemaker", type: "Stateful" }
      : { class: "ocf", provider: "pacemaker", type: "Dummy" };
    const written = tree("primitive", { id, ...(template === undefined ? agent : { template }) }, [
      nvset(this.base, "meta_attributes", meta),
      nvset(this.base, "utilization", needs),
      trees.length > 0 ? tree("operations", {}, trees) : undefined,
    ]);
    return { id, tree: written, monitors };
  }

  addTemplate(): void {
    const id = this.name("tmpl");
    const { trees } = this.operations(id, false);
    this.trees.push(
      tree("template", { id, class: "ocf", provider: "pacemaker", type: "Dummy" }, [
        nvset(this.base, "meta_attributes", this.meta("primitive")),
        trees.length > 0 ? tree("operations", {}, trees) : undefined,
      ]),
    );
    this.templates.push(id);
  }

  addPrimitive(): void {
    const made = this.primitive("p", false, false);
    this.keep(made.id, "primitive", made.tree, [made], false, false, 1);
  }

  private group(promotable: boolean, word: string) {
    const { random } = this.base;
    const id = this.name(word);
    const members = Array.from({ length: random.whole(1, 4) }, () => this.primitive("m", promotable, true));
    const meta = nvset(this.base, "meta_attributes", this.meta("group"));
    return { id, members, tree: tree("group", { id }, [meta, ...members.map((member) => member.tree)]) };
  }

  addGroup(): void {
    const made = this.group(false, "g");
    this.keep(made.id, "group", made.tree, made.members, false, false, 1);
  }

  addClone(promotable: boolean): void {
    const { random, has, nodes } = this.base;
    const id = this.name(promotable ? "pc" : "c");
    const unique = has("unique") && random.chance(0.4);
    const meta: Values = this.meta("clone");
    if (promotable) meta["promotable"] = true;
    if (unique) meta["globally-unique"] = true;
    let instances = nodes.length;
    if (random.chance(0.4)) {
      instances = random.whole(1, Math.min(6, nodes.length + 2));
      meta["clone-max"] = instances;
    }
    if (random.chance(unique ? 0.6 : 0.1)) meta["clone-node-max"] = random.whole(1, 2);
    if (has("interleave") && random.chance(0.6)) meta["interleave"] = true;
    if (random.chance(0.1)) meta["ordered"] = true;
    if (random.chance(0.05)) meta["clone-min"] = random.whole(1, 2);
    if (promotable && random.chance(0.3)) meta["promoted-max"] = random.whole(0, 3);
    if (promotable && random.chance(0.1)) meta["promoted-node-max"] = random.whole(1, 2);
    const inner = has("group") && random.chance(0.3) ? this.group(promotable, "cg") : undefined;
    const members = inner?.members ?? [this.primitive("i", promotable, true)];
    const child = inner?.tree ?? members[0]?.tree;
    const written = tree("clone", { id }, [nvset(this.base, "meta_attributes", meta), child]);
    this.keep(id, "clone", written, members, promotable, unique, instances);
  }

  addFence(): string {
    const { random, has } = this.base;
    const id = this.name("f");
    const meta: Values = has("unfencing") && random.chance(0.7) ? { provides: "unfencing" } : {};
    const written = tree("primitive", { id, class: "stonith", type: "fence_dummy" }, [
      nvset(this.base, "meta_attributes", meta),
    ]);
    this.keep(id, "primitive", written, [{ id, monitors: [] }], false, false, 1, true);
    return id;
  }

  addRemote(name: string): void {
    const { random, has } = this.base;
    const operations = has("monitors") ? [tree("op", { id: `${name}-mon`, name: "monitor", interval: "60s" })] : [];
    const meta: Values = random.chance(0.2) ? { reconnect_interval: "60s" } : {};
    delete meta["reconnect_interval"];
    const written = tree("primitive", { id: name, class: "ocf", provider: "pacemaker", type: "remote" }, [
      nvset(this.base, "meta_attributes", meta),
      operations.length > 0 ? tree("operations", {}, operations) : undefined,
    ]);
    const monitors = has("monitors") ? [{ intervalMs: 60_000, role: undefined }] : [];
    this.keep(name, "primitive", written, [{ id: name, monitors }], false, false, 1);
  }

  private keep(
    id: string,
    kind: MadeResource["kind"],
    written: Tree,
    members: readonly { readonly id: string; readonly monitors: readonly Monitor[] }[],
    promotable: boolean,
    unique: boolean,
    instances: number,
    fence = false,
  ): void {
    const monitors = new Map(members.map((member) => [member.id, member.monitors]));
    const primitives = members.map((member) => member.id);
    this.resources.push({ id, kind, primitives, promotable, unique, instances, fence, monitors });
    this.trees.push(written);
  }
}

export function makeResources(base: Base, size: number): MadeResources {
  const { random, has, nodes } = base;
  const maker = new Maker(base);
  const topology: Tree[] = [];
  if (has("template")) maker.addTemplate();
  for (const node of nodes) if (node.remote) maker.addRemote(node.name);
  if (has("fencing") && random.chance(0.93)) {
    const devices = [maker.addFence()];
    if (random.chance(0.3)) devices.push(maker.addFence());
    if (has("topology")) {
      for (const node of nodes) {
        if (node.remote || random.chance(0.4)) continue;
        const id = base.id("fl");
        topology.push(tree("fencing-level", { id, target: node.name, index: 1, devices: random.pick(devices) }));
      }
    }
  }
  for (let index = 0; index < size; index += 1) {
    const choices: (() => void)[] = [() => maker.addPrimitive(), () => maker.addPrimitive()];
    if (has("group")) choices.push(() => maker.addGroup());
    if (has("clone")) choices.push(() => maker.addClone(false));
    if (has("promotable")) choices.push(() => maker.addClone(true));
    random.pick(choices)();
  }
  const defaults: Values =
    has("stickiness") && random.chance(0.4) ? { "resource-stickiness": random.pick([1, 100]) } : {};
  if (has("failures") && random.chance(0.2)) defaults["migration-threshold"] = 2;
  const set = nvset(base, "meta_attributes", defaults);
  return { resources: maker.resources, trees: maker.trees, topology, defaults: set === undefined ? [] : [set] };
}
