import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { checkReasons } from "../check-reasons.ts";
import { pairsOf, isFalse } from "./values.ts";
import type { ClusterView, Placed } from "./view.ts";

export interface CheckOptions {
  /** There is a witness that the file doesn't tell of. */
  readonly witness: boolean;
  /** Attributes of nodes that name what they share, besides the usual ones. */
  readonly sharedAttributes: readonly string[];
}

/** Fencing there is, switched on, and for every node. */
export function checkFencing(view: ClusterView): readonly Reason[] {
  const devices = view.placed.filter((one) => view.isStonith(one));
  const enabled = view.property("stonith-enabled");
  const watchdog = view.property("stonith-watchdog-timeout")?.value;
  const byWatchdog = watchdog !== undefined && watchdog !== "0";
  if (isFalse(enabled?.value)) {
    const property = `${enabled?.name ?? ""}=${enabled?.value ?? ""}`;
    const at = view.cluster.properties.flatMap((set) => set.pairs).find((pair) => pair.name === enabled?.name)?.at;
    return [reason(checkReasons, "CRM_CHECK_FENCING_OFF", { property }, at)];
  }
  if (devices.length === 0) return byWatchdog ? [] : [reason(checkReasons, "CRM_CHECK_NO_FENCING", {})];
  return [...(byWatchdog ? [] : checkCover(view, devices)), ...checkLevels(view)];
}

/** Hosts that a device names; undefined when it asks the hardware or takes any. */
function hostsOf(device: Placed): readonly string[] | undefined {
  const options = pairsOf(device.primitive.instance);
  const check = options.get("pcmk_host_check");
  if (check !== undefined && check !== "static-list") return undefined;
  const list = options.get("pcmk_host_list");
  const map = options.get("pcmk_host_map");
  if (list === undefined && map === undefined) return undefined;
  const mapped = (map ?? "").split(/[;\s]+/).map((pair) => pair.split(/[:=]/)[0] ?? "");
  return [...(list ?? "").split(/[,;\s]+/), ...mapped].filter((host) => host !== "");
}

function checkCover(view: ClusterView, devices: readonly Placed[]): readonly Reason[] {
  const covered = new Set<string>();
  for (const device of devices) {
    const hosts = hostsOf(device);
    if (hosts === undefined) return [];
    for (const host of hosts) covered.add(host);
  }
  return view.cluster.nodes
    .filter((node) => node.type !== "ping" && !covered.has(node.name))
    .map((node) => reason(checkReasons, "CRM_CHECK_FENCING_UNCOVERED", { node: node.name }, node.at));
}

function checkLevels(view: ClusterView): readonly Reason[] {
  const first = new Map<string, number>();
  for (const level of view.cluster.fencingLevels) {
    const target = level.target ?? level.targetPattern ?? `${level.targetAttribute ?? ""}=${level.targetValue ?? ""}`;
    first.set(target, Math.min(first.get(target) ?? level.index, level.index));
  }
  return [...first]
    .filter(([, index]) => index > 1)
    .map(([target, index]) => reason(checkReasons, "CRM_CHECK_FENCING_LEVEL_HOLE", { target, first: index }));
}

/** Who decides when the link breaks. */
export function checkQuorum(view: ClusterView, options: CheckOptions): readonly Reason[] {
  const found: Reason[] = [];
  const nodes = view.members.length;
  if (nodes === 2 && !options.witness) {
    found.push(reason(checkReasons, "CRM_CHECK_TWO_NODES", {}, view.members[1]?.at));
    if (racesPossible(view)) found.push(reason(checkReasons, "CRM_CHECK_FENCE_RACE", {}));
  }
  const policy = view.property("no-quorum-policy")?.value;
  if (policy === "ignore" && (nodes > 2 || (nodes === 2 && isFalse(view.property("stonith-enabled")?.value)))) {
    const at = view.cluster.properties.flatMap((set) => set.pairs).find((pair) => pair.name === "no-quorum-policy")?.at;
    found.push(reason(checkReasons, "CRM_CHECK_NO_QUORUM_IGNORED", { nodes }, at));
  }
  return found;
}

function racesPossible(view: ClusterView): boolean {
  if (isFalse(view.property("stonith-enabled")?.value)) return false;
  const delay = view.property("priority-fencing-delay")?.value;
  if (delay !== undefined && !/^0\w*$/.test(delay)) return false;
  const devices = view.placed.filter((one) => view.isStonith(one));
  if (devices.length === 0) return false;
  return !devices.some((one) => {
    const options = pairsOf(one.primitive.instance);
    return options.has("pcmk_delay_base") || options.has("pcmk_delay_max");
  });
}
