import type { Position } from "../../../shared/text/position.ts";
import type { NvSet } from "./nvset.ts";

/** `ocf:heartbeat:IPaddr2`, `systemd:nginx`, `stonith:fence_ipmilan`. */
export interface Agent {
  readonly class: string;
  readonly provider?: string | undefined;
  readonly type: string;
}

export interface Operation {
  readonly id: string;
  readonly name: string;
  /** As written; `0` when absent. */
  readonly interval: string;
  /** `timeout`, `on-fail`, `role`, `requires`, `enabled`, `start-delay`, … as written. */
  readonly options: Readonly<Record<string, string>>;
  readonly meta: readonly NvSet[];
  readonly instance: readonly NvSet[];
  readonly at?: Position | undefined;
}

/** An operation stands for those of its template with the same name and role, whatever their interval. */
function kindOf(operation: Operation): string {
  const role = operation.options["role"] ?? "";
  return `${operation.name}-${/^(started|unpromoted|slave)$/i.test(role) ? "" : role}`;
}

/** Operations of a resource with those of its template that it doesn't have itself. */
export function withInherited(own: readonly Operation[], ofTemplate: readonly Operation[]): readonly Operation[] {
  const kinds = new Set(own.map(kindOf));
  return [...own, ...ofTemplate.filter((one) => !kinds.has(kindOf(one)))];
}

interface ResourceBase {
  readonly id: string;
  readonly description?: string | undefined;
  readonly meta: readonly NvSet[];
  readonly instance: readonly NvSet[];
  readonly at?: Position | undefined;
}

export interface Primitive extends ResourceBase {
  readonly kind: "primitive";
  /** Absent when it comes from the template. */
  readonly agent?: Agent | undefined;
  readonly template?: string | undefined;
  readonly operations: readonly Operation[];
  readonly utilization: readonly NvSet[];
}

export interface Template extends Omit<Primitive, "kind"> {
  readonly kind: "template";
}

export interface Group extends ResourceBase {
  readonly kind: "group";
  readonly members: readonly Primitive[];
}

export interface Clone extends ResourceBase {
  readonly kind: "clone";
  /** `master` is the old element for promotable clones; it is kept as it was written. */
  readonly element: "clone" | "master";
  readonly child: Primitive | Group;
}

export type Resource = Primitive | Group | Clone;

/** All primitives of a resource, from top to bottom. */
export function primitivesOf(resource: Resource): readonly Primitive[] {
  switch (resource.kind) {
    case "primitive":
      return [resource];
    case "group":
      return resource.members;
    case "clone":
      return primitivesOf(resource.child);
    default:
      return resource satisfies never;
  }
}

export function formatAgent(agent: Agent): string {
  return [agent.class, agent.provider, agent.type].filter((word) => word !== undefined).join(":");
}
