import type { Position } from "../../../shared/text/position.ts";
import type { Constraint } from "./constraint.ts";
import type { NvSet } from "./nvset.ts";
import type { Resource, Template } from "./resource.ts";

/** A host of the cluster, as configured. */
export interface NodeConfig {
  readonly id: string;
  readonly name: string;
  readonly type: "member" | "remote" | "ping";
  readonly score?: string | undefined;
  readonly attributes: readonly NvSet[];
  readonly utilization: readonly NvSet[];
  readonly at?: Position | undefined;
}

export interface FencingLevel {
  readonly id: string;
  readonly index: number;
  readonly devices: readonly string[];
  readonly target?: string | undefined;
  readonly targetPattern?: string | undefined;
  readonly targetAttribute?: string | undefined;
  readonly targetValue?: string | undefined;
  readonly at?: Position | undefined;
}

export interface Tag {
  readonly id: string;
  readonly references: readonly string[];
  readonly at?: Position | undefined;
}

export interface Alert {
  readonly id: string;
  readonly path: string;
  readonly description?: string | undefined;
  readonly recipients: readonly { readonly id: string; readonly value: string }[];
  readonly meta: readonly NvSet[];
  readonly instance: readonly NvSet[];
  readonly at?: Position | undefined;
}

/** What an administrator wrote down about a cluster: the configuration half of a CIB. */
export interface Cluster {
  readonly properties: readonly NvSet[];
  readonly nodes: readonly NodeConfig[];
  readonly resources: readonly Resource[];
  readonly templates: readonly Template[];
  readonly constraints: readonly Constraint[];
  readonly tags: readonly Tag[];
  readonly fencingLevels: readonly FencingLevel[];
  readonly alerts: readonly Alert[];
  readonly resourceDefaults: readonly NvSet[];
  readonly operationDefaults: readonly NvSet[];
}

export const EMPTY_CLUSTER: Cluster = {
  properties: [],
  nodes: [],
  resources: [],
  templates: [],
  constraints: [],
  tags: [],
  fencingLevels: [],
  alerts: [],
  resourceDefaults: [],
  operationDefaults: [],
};
