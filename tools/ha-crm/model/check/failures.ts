import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { checkReasons } from "../check-reasons.ts";
import type { Operation } from "../resource.ts";
import { INFINITY_SCORE, parseScore } from "../score.ts";
import { stickinessOf } from "./placement.ts";
import { isFalse, isTrue, pairsOf, seconds } from "./values.ts";
import type { ClusterView, Placed } from "./view.ts";

function monitors(view: ClusterView, placed: Placed): readonly Operation[] {
  return view.operations(placed.primitive).filter((op) => op.name === "monitor");
}

const repeats = (op: Operation) => (seconds(op.interval) ?? 0) > 0 && !isFalse(op.options["enabled"]);

/** Resources that nobody looks at. Fencing devices count too: a dead device is found out when it is needed. */
export function checkMonitors(view: ClusterView): readonly Reason[] {
  return view.placed.flatMap((placed) => {
    const { primitive, top } = placed;
    const all = monitors(view, placed);
    const working = all.filter(repeats);
    const found = [...sameIntervals(view, placed)];
    if (working.length === 0) {
      const data = { resource: primitive.id, ...unwatched(primitive.id, all) };
      found.push(reason(checkReasons, "CRM_CHECK_NO_MONITOR", data, primitive.at));
      return found;
    }
    const promotable =
      top.kind === "clone" && (top.element === "master" || isTrue(pairsOf(top.meta).get("promotable")));
    const forPromoted = working.some((op) => /^(promoted|master)$/i.test(op.options["role"] ?? ""));
    if (promotable && !forPromoted) {
      found.push(reason(checkReasons, "CRM_CHECK_NO_PROMOTED_MONITOR", { resource: primitive.id }, primitive.at));
    }
    return found;
  });
}

/** Why no monitor works, and the command that makes one work. */
function unwatched(id: string, all: readonly Operation[]): { readonly problem: string; readonly command: string } {
  const change = `ha-crm resource update ${id} op monitor`;
  const off = all.find((op) => isFalse(op.options["enabled"]) && (seconds(op.interval) ?? 0) > 0);
  if (all.length === 0)
    return { problem: "it has no monitor operation", command: `ha-crm resource op add ${id} monitor interval=10s` };
  if (off === undefined) return { problem: "its monitor has no interval", command: `${change} interval=10s` };
  return { problem: "its monitor is switched off", command: `${change} interval=${off.interval} enabled=true` };
}

function sameIntervals(view: ClusterView, placed: Placed): readonly Reason[] {
  const seen = new Set<string>();
  return view.operations(placed.primitive).flatMap((op) => {
    const key = `${op.name} ${seconds(op.interval) ?? op.interval}`;
    const again = seen.has(key);
    seen.add(key);
    if (!again) return [];
    const data = { resource: placed.primitive.id, name: op.name, interval: op.interval };
    return [reason(checkReasons, "CRM_CHECK_SAME_INTERVAL", data, op.at)];
  });
}

/** Thresholds and timeouts that make a resource go round in circles. */
export function checkThresholds(view: ClusterView): readonly Reason[] {
  return view.placed
    .filter((one) => !view.isStonith(one))
    .flatMap((placed) => [...neverReached(view, placed), ...comesBack(view, placed), ...restartsForEver(view, placed)]);
}

function thresholdOf(view: ClusterView, placed: Placed): number {
  return parseScore(view.meta(placed, "migration-threshold") ?? "INFINITY") ?? INFINITY_SCORE;
}

function neverReached(view: ClusterView, placed: Placed): readonly Reason[] {
  const threshold = thresholdOf(view, placed);
  const timeout = seconds(view.meta(placed, "failure-timeout"));
  const intervals = monitors(view, placed)
    .filter(repeats)
    .map((op) => seconds(op.interval) ?? 0);
  if (
    threshold <= 1 ||
    threshold >= INFINITY_SCORE ||
    timeout === undefined ||
    timeout === 0 ||
    intervals.length === 0
  ) {
    return [];
  }
  const interval = Math.min(...intervals);
  const needed = (threshold - 1) * interval;
  if (timeout > needed) return [];
  const data = {
    resource: placed.primitive.id,
    threshold,
    timeoutSeconds: timeout,
    intervalSeconds: interval,
    neededSeconds: needed,
  };
  return [reason(checkReasons, "CRM_CHECK_THRESHOLD_NEVER", data, placed.primitive.at)];
}

/** A failure that is forgotten within this time has hardly been mended by anybody. */
const SOON_SECONDS = 600;

function comesBack(view: ClusterView, placed: Placed): readonly Reason[] {
  const threshold = thresholdOf(view, placed);
  const timeout = seconds(view.meta(placed, "failure-timeout"));
  if (
    threshold >= INFINITY_SCORE ||
    threshold <= 0 ||
    timeout === undefined ||
    timeout === 0 ||
    timeout > SOON_SECONDS
  ) {
    return [];
  }
  const stickiness = stickinessOf(view, placed);
  const preferred = [...view.scores(placed)].find(([, score]) => score > stickiness && score > 0);
  if (preferred === undefined) return [];
  const data = { resource: placed.primitive.id, threshold, timeoutSeconds: timeout, node: preferred[0] };
  return [reason(checkReasons, "CRM_CHECK_THRESHOLD_RETURN", data, placed.primitive.at)];
}

function restartsForEver(view: ClusterView, placed: Placed): readonly Reason[] {
  const fatal = view.property("start-failure-is-fatal")?.value;
  if (!isFalse(fatal) || thresholdOf(view, placed) < INFINITY_SCORE) return [];
  return [reason(checkReasons, "CRM_CHECK_RESTART_FOREVER", { resource: placed.primitive.id }, placed.primitive.at)];
}
