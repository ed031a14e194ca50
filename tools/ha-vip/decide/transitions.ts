/** How a router comes into a state, whatever led to it. Pure. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../shared/text/address.ts";
import { ACCEPT_WAIT_MS } from "../model/hand-over.ts";
import { PROBE_INTERVAL_MS, PROBES } from "../model/limits.ts";
import { PRIORITY_STOP } from "../model/packet.ts";
import { vipReasons } from "../model/reasons.ts";
import { ADDRESS_RENEW_MS, type RouterSettings } from "../model/router.ts";
import {
  type Backup,
  type Decision,
  type Leaving,
  type Master,
  type MasterSeen,
  type RouterEffect,
  type RouterState,
  STOPPED,
} from "./router-state.ts";
import { downTimeMs, nextBeatMs } from "./timers.ts";

export interface Standing {
  readonly priority: number;
  readonly faults: readonly string[];
  readonly master?: MasterSeen;
}

/** The deadlines of a backup; the witness is asked one interval before it would act. */
export function armed(
  settings: RouterSettings,
  masterDownAtMs: number,
): Pick<Backup, "masterDownAtMs" | "askWitnessAtMs"> {
  const askWitnessAtMs = settings.witness ? masterDownAtMs - settings.intervalMs : Number.POSITIVE_INFINITY;
  return { masterDownAtMs, askWitnessAtMs };
}

/** Renewals of all routers fall on the same moments, so that one system call renews them all. */
export function renewalAfter(nowMs: number): number {
  return (Math.floor(nowMs / ADDRESS_RENEW_MS) + 1) * ADDRESS_RENEW_MS;
}

/**
 * Becomes a listening backup. With nobody known as master the network is asked for the addresses meanwhile:
 * the answer is there when the time of listening ends.
 */
export function enterBackup(
  settings: RouterSettings,
  standing: Standing,
  effects: readonly RouterEffect[],
  reasons: readonly Reason[],
  nowMs: number,
  extraMs = 0,
): Decision {
  const listenMs = downTimeMs(settings, standing.priority, standing.master?.intervalMs);
  const asks = settings.probe && standing.master === undefined;
  // The last answer has a question's time to arrive before the deadline.
  const intervalMs = Math.min(PROBE_INTERVAL_MS, listenMs / (PROBES + 1));
  return {
    state: {
      role: "backup",
      ...standing,
      sinceMs: nowMs,
      ...armed(settings, nowMs + listenMs + extraMs),
      preemptFromMs: nowMs + settings.preemptDelayMs,
      leaving: false,
      probe: { kind: asks ? "asked" : "unasked" },
    },
    effects: asks ? [...effects, { kind: "probe", intervalMs }] : effects,
    reasons,
  };
}

/**
 * Becomes master. Against silence the advert goes out first, so that other backups hear it soonest; against a
 * living master the addresses are here and announced before it hears of us, so that they are never nowhere.
 */
export function becomeMaster(
  settings: RouterSettings,
  state: RouterState,
  why: readonly Reason[],
  nowMs: number,
  against: "silence" | "master" = "silence",
): Decision & { readonly state: Master } {
  const { announce } = settings;
  const next = announce.delayMs > 0 ? announce.delayMs : announce.refreshMs;
  const addresses = settings.addresses.map((one) => `${formatAddress(one.address)}/${one.prefixLength}`);
  const advertise: RouterEffect = { kind: "advertise", priority: state.priority };
  const take: readonly RouterEffect[] = [{ kind: "takeAddresses" }, { kind: "announce", count: announce.count }];
  const master: Master = {
    role: "master",
    priority: state.priority,
    faults: state.faults,
    sinceMs: nowMs,
    advertAtMs: nextBeatMs(settings, nowMs),
    renewAtMs: renewalAfter(nowMs),
    announceAtMs: next > 0 ? nowMs + next : Number.POSITIVE_INFINITY,
    lateRoundAtMs: announce.delayMs > 0 ? nowMs + announce.delayMs : Number.POSITIVE_INFINITY,
    announceCount: announce.delayMs > 0 ? announce.count : announce.refreshCount,
    answeredAtMs: Number.NEGATIVE_INFINITY,
    repairedAtMs: Number.NEGATIVE_INFINITY,
    toldRivalAtMs: Number.NEGATIVE_INFINITY,
  };
  const { name } = settings;
  const witness: readonly RouterEffect[] = settings.witness ? [{ kind: "askWitness" }] : [];
  return {
    state: master,
    effects: against === "silence" ? [advertise, ...take, ...witness] : [...take, advertise, ...witness],
    reasons: [...why, reason(vipReasons, "VIP_BECAME_MASTER", { name, addresses, priority: state.priority })],
  };
}

/** Begins to hand over: the addresses stay until a successor has them, or nobody wants them. */
export function offer(
  settings: RouterSettings,
  state: Master,
  goal: Leaving["goal"],
  reasons: readonly Reason[],
  nowMs: number,
): Decision {
  const nonce = Math.floor(nowMs * 1000) % 0xffff_ffff;
  const leaving: Leaving = { goal, nonce, phase: "offered", untilMs: nowMs + ACCEPT_WAIT_MS };
  const message = { kind: "offer", vrid: settings.vrid, priority: state.priority, nonce } as const;
  return { state: { ...state, leaving }, effects: [{ kind: "handOver", message }], reasons };
}

/**
 * Lets go of the addresses. Others hear of it after they are gone, so that there are never two holders; when the
 * successor is master already, it needn't be told.
 */
export function letGo(
  settings: RouterSettings,
  state: RouterState,
  goal: Leaving["goal"],
  reasons: readonly Reason[],
  nowMs: number,
  successor?: MasterSeen,
): Decision {
  const stop: RouterEffect = { kind: "advertise", priority: PRIORITY_STOP };
  const drop: RouterEffect = { kind: "dropAddresses" };
  const effects = successor === undefined ? [drop, stop] : [drop];
  const { name } = settings;
  const told =
    successor === undefined
      ? reasons
      : [...reasons, reason(vipReasons, "VIP_HANDED_OVER", { name, to: formatAddress(successor.address) })];
  const { faults, priority } = state;
  if (goal === "stopped") {
    const stopped = reason(vipReasons, "VIP_STOPPED", { name, role: state.role });
    return { state: { ...STOPPED, sinceMs: nowMs }, effects, reasons: [...told, stopped] };
  }
  const master = successor === undefined ? {} : { master: successor };
  if (faults.length > 0) {
    return { state: { role: "fault", priority, faults, sinceMs: nowMs, ...master }, effects, reasons: told };
  }
  // It was mended while it handed over.
  const mended = reason(vipReasons, "VIP_MENDED", { name });
  return enterBackup(settings, { priority, faults, ...master }, effects, [...told, mended], nowMs);
}
