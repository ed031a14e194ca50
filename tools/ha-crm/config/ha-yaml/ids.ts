import type { FencingLevel } from "../../model/cluster.ts";

/** Ids that follow from where something stands; only others are written down in ha.yaml. */
export function setId(owner: string, what: string, index = 0): string {
  const base = what === "set" ? `${owner}_set` : `${owner}-${what}`;
  return index === 0 ? base : `${base}-${index}`;
}

export function operationId(resource: string, name: string, interval: string): string {
  return `${resource}-${name}-interval-${interval}`;
}

export function levelId(level: Pick<FencingLevel, "target" | "targetPattern" | "targetAttribute" | "index">): string {
  const whom = level.target ?? level.targetPattern ?? level.targetAttribute ?? "";
  return `fl-${whom.replace(/[^\p{L}\p{N}_.-]/gu, "")}-${level.index}`;
}
