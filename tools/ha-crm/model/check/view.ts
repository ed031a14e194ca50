import { hasOwnRule, pairsOf } from "./values.ts";
import type { Cluster, NodeConfig } from "../cluster.ts";
import type { Location } from "../constraint.ts";
import { withInherited, type Operation, type Primitive, type Resource } from "../resource.ts";
import { INFINITY_SCORE, parseScore } from "../score.ts";

/** A primitive with what is around it. */
export interface Placed {
  readonly primitive: Primitive;
  /** The outermost group or clone, or itself. */
  readonly top: Resource;
  /** From the inside out, without the primitive. */
  readonly outer: readonly Resource[];
}

/** A configuration as the checks look at it: every question in one place, computed once. */
export class ClusterView {
  readonly cluster: Cluster;
  readonly members: readonly NodeConfig[];
  readonly placed: readonly Placed[];
  private readonly tops = new Map<string, Resource>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.members = cluster.nodes.filter((node) => node.type === "member");
    const placed: Placed[] = [];
    const visit = (resource: Resource, outer: readonly Resource[]) => {
      const top = outer.at(-1) ?? resource;
      this.tops.set(resource.id, top);
      if (resource.kind === "primitive") placed.push({ primitive: resource, top, outer });
      else if (resource.kind === "group") for (const one of resource.members) visit(one, [resource, ...outer]);
      else visit(resource.child, [resource, ...outer]);
    };
    for (const resource of cluster.resources) visit(resource, []);
    this.placed = placed;
  }

  /** The outermost resource that an id belongs to. */
  topOf(id: string): Resource | undefined {
    return this.tops.get(id);
  }

  property(name: string): { readonly value: string; readonly name: string } | undefined {
    const names = name.startsWith("stonith-") ? [name, name.replace("stonith-", "fencing-")] : [name];
    for (const one of names) {
      const value = pairsOf(this.cluster.properties).get(one);
      if (value !== undefined) return { value, name: one };
    }
    return undefined;
  }

  /** A meta attribute as it counts for a primitive: its own, its template's, those around it, the defaults. */
  meta(placed: Placed, name: string): string | undefined {
    const template = this.cluster.templates.find((one) => one.id === placed.primitive.template);
    const own = [...(template?.meta ?? []), ...placed.primitive.meta];
    const places = [own, ...placed.outer.map((one) => one.meta)];
    for (const sets of [...places, this.cluster.resourceDefaults]) {
      const value = pairsOf(sets).get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Operations with those of the template. */
  operations(primitive: Primitive): readonly Operation[] {
    const template = this.cluster.templates.find((one) => one.id === primitive.template);
    return withInherited(primitive.operations, template?.operations ?? []);
  }

  isStonith(placed: Placed): boolean {
    return placed.primitive.agent?.class === "stonith";
  }

  /** Plain location constraints of a resource or of something around it, without rules and roles. */
  locations(placed: Placed): readonly Location[] {
    const ids = new Set([placed.primitive.id, ...placed.outer.map((one) => one.id)]);
    return this.cluster.constraints.filter(
      (one): one is Location =>
        one.kind === "location" &&
        one.resource !== undefined &&
        ids.has(one.resource) &&
        one.rules.length === 0 &&
        one.lifetime === undefined,
    );
  }

  /** Scores of the plain constraints, by node. */
  scores(placed: Placed): ReadonlyMap<string, number> {
    const scores = new Map<string, number>();
    for (const one of this.locations(placed)) {
      if (one.node === undefined) continue;
      const score = parseScore(one.score ?? "0") ?? 0;
      const before = scores.get(one.node) ?? 0;
      const must = Math.abs(before) >= INFINITY_SCORE ? before : score;
      scores.set(
        one.node,
        score <= -INFINITY_SCORE ? score : Math.abs(score) >= INFINITY_SCORE ? must : before + score,
      );
    }
    return scores;
  }

  /**
   * Names of the nodes that a resource may run on as far as plain constraints tell. Constraints with rules could allow
   * or forbid more, so a resource that has some counts as allowed everywhere.
   */
  allowedNodes(placed: Placed): readonly string[] {
    const all = this.cluster.nodes.filter((node) => node.type !== "ping").map((node) => node.name);
    const ids = new Set([placed.primitive.id, ...placed.outer.map((one) => one.id)]);
    const unclear = this.cluster.constraints.some(
      (one) =>
        one.kind === "location" &&
        (one.rules.length > 0 || one.lifetime !== undefined || one.pattern !== undefined || one.sets.length > 0) &&
        (one.resource === undefined || ids.has(one.resource)),
    );
    if (unclear) return all;
    const scores = this.scores(placed);
    const symmetric = this.property("symmetric-cluster")?.value !== "false";
    return all.filter((node) => {
      const score = scores.get(node);
      return score === undefined ? symmetric : score > -INFINITY_SCORE;
    });
  }

  nodeAttribute(node: NodeConfig, name: string): string | undefined {
    return pairsOf(node.attributes.filter((set) => !hasOwnRule(set))).get(name);
  }
}
