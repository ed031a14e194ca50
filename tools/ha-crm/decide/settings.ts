import type { NvSet } from "../model/nvset.ts";
import { parseScore } from "../model/score.ts";
import { parseTimeMs } from "../model/time.ts";
import { collectPairs, type RuleContext } from "./rules.ts";
import { booleanOr, wholeOr } from "./values.ts";

export type NoQuorumPolicy = "stop" | "freeze" | "ignore" | "demote" | "suicide";
export type PlacementStrategy = "default" | "utilization" | "minimal" | "balanced";
export type HealthStrategy = "none" | "migrate-on-red" | "only-green" | "progressive" | "custom";

/** The cluster's options after their rules were evaluated. */
export interface Settings {
  readonly fencingEnabled: boolean;
  readonly fencingAction: string;
  readonly noQuorumPolicy: NoQuorumPolicy;
  readonly symmetric: boolean;
  readonly maintenance: boolean;
  readonly stopAllResources: boolean;
  readonly stopOrphanResources: boolean;
  readonly stopOrphanActions: boolean;
  readonly removeAfterStop: boolean;
  readonly haveWatchdog: boolean;
  readonly startupFencing: boolean;
  readonly startupProbes: boolean;
  readonly concurrentFencing: boolean;
  readonly placementStrategy: PlacementStrategy;
  readonly healthStrategy: HealthStrategy;
  readonly healthBase: number;
  readonly healthGreen: number;
  readonly healthYellow: number;
  readonly healthRed: number;
  readonly shutdownLock: boolean;
  readonly shutdownLockLimitMs: number;
  readonly priorityFencingDelayMs: number;
  readonly clusterName: string | undefined;
  /** All options as they came out. */
  readonly all: ReadonlyMap<string, string>;
}

function oneOf<Word extends string>(text: string | undefined, words: readonly Word[], otherwise: Word): Word {
  const lower = text?.toLowerCase();
  return words.find((word) => word === lower) ?? otherwise;
}

/** The set that Pacemaker's tools write wins over others. */
const FIRST_SET = "cib-bootstrap-options";

export function readSettings(sets: readonly NvSet[], context: RuleContext): Settings {
  const all = new Map<string, string>();
  collectPairs(all, sets, context, FIRST_SET);
  const get = (name: string, ...older: readonly string[]) =>
    all.get(name) ?? older.map((word) => all.get(word)).find((value) => value !== undefined);
  const flag = (otherwise: boolean, name: string, ...older: readonly string[]) =>
    booleanOr(get(name, ...older), otherwise);
  const score = (name: string, otherwise: number) => parseScore(get(name) ?? "") ?? otherwise;
  const fencingEnabled = flag(true, "stonith-enabled", "fencing-enabled", "stonith_enabled");
  const policy = oneOf(
    get("no-quorum-policy", "no_quorum_policy") === "fence" ? "suicide" : get("no-quorum-policy", "no_quorum_policy"),
    ["stop", "freeze", "ignore", "demote", "suicide"],
    "stop",
  );
  return {
    fencingEnabled,
    fencingAction: /^(off|poweroff)$/i.test(get("stonith-action", "fencing-action", "stonith_action") ?? "")
      ? "off"
      : "reboot",
    noQuorumPolicy: policy === "suicide" && !fencingEnabled ? "stop" : policy,
    symmetric: flag(true, "symmetric-cluster", "symmetric_cluster"),
    maintenance: flag(false, "maintenance-mode"),
    stopAllResources: flag(false, "stop-all-resources"),
    stopOrphanResources: flag(true, "stop-orphan-resources", "stop-removed-resources", "stop_orphan_resources"),
    stopOrphanActions: flag(true, "stop-orphan-actions", "cancel-removed-actions", "stop_orphan_actions"),
    removeAfterStop: flag(false, "remove-after-stop"),
    haveWatchdog: flag(false, "have-watchdog"),
    startupFencing: flag(true, "startup-fencing", "startup_fencing"),
    startupProbes: flag(true, "enable-startup-probes"),
    concurrentFencing: flag(true, "concurrent-fencing"),
    placementStrategy: oneOf(get("placement-strategy"), ["default", "utilization", "minimal", "balanced"], "default"),
    healthStrategy: oneOf(
      get("node-health-strategy"),
      ["none", "migrate-on-red", "only-green", "progressive", "custom"],
      "none",
    ),
    healthBase: wholeOr(get("node-health-base"), 0),
    healthGreen: score("node-health-green", 0),
    healthYellow: score("node-health-yellow", 0),
    healthRed: score("node-health-red", -1_000_000),
    shutdownLock: flag(false, "shutdown-lock"),
    shutdownLockLimitMs: parseTimeMs(get("shutdown-lock-limit")) ?? 0,
    priorityFencingDelayMs: parseTimeMs(get("priority-fencing-delay")) ?? 0,
    clusterName: get("cluster-name"),
    all,
  };
}
