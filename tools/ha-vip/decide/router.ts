/**
 * The state machine of one virtual router (RFC 9568, section 6; RFC 3768, section 6).
 * Pure: time comes as an argument, what to do goes out as effects, and why as reasons.
 */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../shared/text/address.ts";
import { CONFLICT_RETRY_MS, PROBE_INTERVAL_MS, WITNESS_FRESH_MS } from "../model/limits.ts";
import { PRIORITY_OWNER } from "../model/packet.ts";
import { vipReasons } from "../model/reasons.ts";
import { ADDRESS_RENEW_MS, type RouterSettings } from "../model/router.ts";
import { GRANT_MS } from "../model/witness.ts";
import { onAdvert } from "./adverts.ts";
import { onHandOver, onLeavingDeadline } from "./hand-over.ts";
import {
  type Backup,
  type Conflict,
  type Decision,
  keep,
  type Master,
  type ProbeAnswer,
  type RouterEffect,
  type RouterEvent,
  type RouterState,
} from "./router-state.ts";
import { downTimeMs, nextBeatMs } from "./timers.ts";
import { armed, becomeMaster, enterBackup, letGo, offer, renewalAfter } from "./transitions.ts";

export { type Decision, deadlineOf, type RouterEffect, type RouterEvent, type RouterState } from "./router-state.ts";
export { type MasterSeen, STOPPED } from "./router-state.ts";
export { masterDownMs, skewMs } from "./timers.ts";

/** One step of a router. The same state, event and time always give the same decision. */
export function decideRouter(
  settings: RouterSettings,
  state: RouterState,
  event: RouterEvent,
  nowMs: number,
): Decision {
  switch (event.kind) {
    case "start":
      return onStart(settings, event.priority, event.faults, nowMs);
    case "time":
      return onTime(settings, state, nowMs);
    case "advert":
      return onAdvert(settings, state, event, nowMs);
    case "health":
      return onHealth(settings, state, event, nowMs);
    case "probe":
      return onProbe(settings, state, event.answer, nowMs);
    case "handOver":
      return settings.handOver ? onHandOver(settings, state, event.message, event.from, nowMs) : keep(state);
    case "witness":
      return onWitness(settings, state, event, nowMs);
    case "group":
      return onGroup(settings, state, event.role, event.because, nowMs);
    case "stop":
      return onStop(settings, state, nowMs);
  }
}

function onStart(settings: RouterSettings, priority: number, faults: readonly string[], nowMs: number): Decision {
  const started = reason(vipReasons, "VIP_STARTED", { name: settings.name, device: settings.device, priority });
  const drop: RouterEffect = { kind: "dropAddresses" };
  if (faults.length > 0) {
    return {
      state: { role: "fault", priority, faults, sinceMs: nowMs },
      effects: [drop],
      reasons: [started, reason(vipReasons, "VIP_FAULT", { name: settings.name, faults })],
    };
  }
  const backup = enterBackup(settings, { priority, faults }, [drop], [started], nowMs, settings.startupDelayMs);
  // Only the owner of the address may speak first: everyone else listens, whatever the file calls its state,
  // so that a host that comes back doesn't take the address for the length of one advert.
  return priority === PRIORITY_OWNER ? becomeMaster(settings, backup.state, [started], nowMs) : backup;
}

function onTime(settings: RouterSettings, state: RouterState, nowMs: number): Decision {
  switch (state.role) {
    case "backup":
      return backupTime(settings, state, nowMs);
    case "master":
      return masterTime(settings, state, nowMs);
    case "conflict":
      return nowMs < state.retryAtMs
        ? keep(state)
        : {
            state: { ...state, retryAtMs: nowMs + CONFLICT_RETRY_MS },
            effects: [{ kind: "probe", intervalMs: PROBE_INTERVAL_MS }],
            reasons: [],
          };
    case "stopped":
    case "fault":
      return keep(state);
  }
}

function backupTime(settings: RouterSettings, state: Backup, nowMs: number): Decision {
  if (nowMs >= state.askWitnessAtMs && nowMs < state.masterDownAtMs) {
    return {
      state: { ...state, askWitnessAtMs: Number.POSITIVE_INFINITY },
      effects: [{ kind: "askWitness" }],
      reasons: [],
    };
  }
  if (nowMs < state.masterDownAtMs) return keep(state);
  const { probe, witness } = state;
  if (probe.kind === "taken" && state.master === undefined) {
    const { address, mac } = probe;
    const facts = { name: settings.name, address, mac };
    const { faults, priority } = state;
    const conflict: Conflict = {
      role: "conflict",
      priority,
      faults,
      sinceMs: nowMs,
      retryAtMs: nowMs + CONFLICT_RETRY_MS,
      holder: mac,
    };
    return keep(conflict, [reason(vipReasons, "VIP_CONFLICT", facts)]);
  }
  // A word from before the last advert is about an earlier silence.
  const fresh = witness !== undefined && nowMs - witness.atMs < WITNESS_FRESH_MS;
  const aboutThis = fresh && witness.atMs >= (state.master?.heardAtMs ?? 0);
  if (aboutThis && !witness.granted && !state.leaving) {
    // The master lives, only we don't hear it: two masters would be worse than waiting.
    const again = armed(settings, nowMs + 2 * settings.intervalMs);
    const facts = { name: settings.name, holder: witness.holder };
    const { witness: _used, ...rest } = state;
    return keep({ ...rest, ...again }, [reason(vipReasons, "VIP_WITNESS_REFUSES", facts)]);
  }
  const why = whyTakeOver(settings, state, nowMs);
  return becomeMaster(settings, state, [why], nowMs, why.code === "VIP_PREEMPTS" ? "master" : "silence");
}

function masterTime(settings: RouterSettings, state: Master, nowMs: number): Decision {
  if (state.leaving !== undefined && nowMs >= state.leaving.untilMs) {
    return onLeavingDeadline(settings, state, state.leaving, nowMs);
  }
  const effects: RouterEffect[] = [];
  const { announce } = settings;
  let { advertAtMs, announceAtMs, announceCount, lateRoundAtMs, renewAtMs } = state;
  if (nowMs >= advertAtMs) {
    effects.push({ kind: "advertise", priority: state.priority });
    // On the beat even when we are a little late; after a long pause without a burst.
    advertAtMs = nextBeatMs(settings, nowMs);
  }
  if (nowMs >= renewAtMs) {
    effects.push({ kind: "renewAddresses" });
    if (settings.witness) effects.push({ kind: "askWitness" });
    renewAtMs = renewalAfter(nowMs);
  }
  if (nowMs >= announceAtMs) {
    effects.push({ kind: "announce", count: announceCount });
    if (nowMs >= lateRoundAtMs) lateRoundAtMs = Number.POSITIVE_INFINITY;
    const refreshAtMs = announce.refreshMs > 0 ? nowMs + announce.refreshMs : Number.POSITIVE_INFINITY;
    announceCount = lateRoundAtMs <= refreshAtMs ? announce.count : announce.refreshCount;
    announceAtMs = Math.min(refreshAtMs, lateRoundAtMs);
  }
  return {
    state: { ...state, advertAtMs, announceAtMs, announceCount, lateRoundAtMs, renewAtMs },
    effects,
    reasons: [],
  };
}

function whyTakeOver(settings: RouterSettings, state: Backup, nowMs: number): Reason {
  const { name } = settings;
  const { master, priority } = state;
  if (master === undefined) return reason(vipReasons, "VIP_NO_MASTER", { name });
  const address = formatAddress(master.address);
  if (state.leaving) return reason(vipReasons, "VIP_MASTER_LEFT", { name, master: address });
  const alive = nowMs - master.heardAtMs < downTimeMs(settings, priority, master.intervalMs);
  if (master.priority < priority && alive) {
    return reason(vipReasons, "VIP_PREEMPTS", { name, master: address, theirs: master.priority, priority });
  }
  const silentMs = Math.round(nowMs - master.heardAtMs);
  return reason(vipReasons, "VIP_MASTER_LOST", { name, master: address, silentMs, priority });
}

function onHealth(
  settings: RouterSettings,
  state: RouterState,
  event: RouterEvent & { kind: "health" },
  nowMs: number,
): Decision {
  const { faults, priority } = event;
  if (state.role === "stopped") return keep(state);
  if (state.role === "master" && state.leaving !== undefined) {
    const changed: Master = { ...state, priority, faults };
    return event.mute === true ? letGo(settings, changed, state.leaving.goal, [], nowMs) : keep(changed);
  }
  if (faults.length > 0) {
    if (state.role === "fault") return keep({ ...state, priority, faults });
    const told = [reason(vipReasons, "VIP_FAULT", { name: settings.name, faults })];
    if (state.role !== "master") return keep({ role: "fault", priority, faults, sinceMs: nowMs }, told);
    const failed: Master = { ...state, priority, faults };
    const silent = event.mute === true || !settings.handOver;
    return silent ? letGo(settings, failed, "fault", told, nowMs) : offer(settings, failed, "fault", told, nowMs);
  }
  if (state.role === "fault") {
    const mended = reason(vipReasons, "VIP_MENDED", { name: settings.name });
    const known = state.master !== undefined && nowMs - state.master.heardAtMs < downTimeMs(settings, priority);
    const master = known && state.master !== undefined ? { master: state.master } : {};
    return enterBackup(settings, { priority, faults, ...master }, [], [mended], nowMs);
  }
  return onPriority(settings, state, priority, nowMs);
}

function onPriority(settings: RouterSettings, state: RouterState, priority: number, nowMs: number): Decision {
  if (priority === state.priority) return keep(state);
  const changed = reason(vipReasons, "VIP_PRIORITY", { name: settings.name, before: state.priority, priority });
  if (state.role === "backup") {
    const preemptFromMs = Math.max(state.preemptFromMs, nowMs + settings.preemptDelayMs);
    return keep({ ...state, priority, preemptFromMs }, [changed]);
  }
  if (state.role !== "master") return keep({ ...state, priority }, [changed]);
  // The new priority is told at once, so that a better backup doesn't wait for the beat.
  const advertAtMs = nextBeatMs(settings, nowMs);
  return { state: { ...state, priority, advertAtMs }, effects: [{ kind: "advertise", priority }], reasons: [changed] };
}

function onProbe(settings: RouterSettings, state: RouterState, answer: ProbeAnswer, nowMs: number): Decision {
  if (state.role === "backup") return keep({ ...state, probe: answer });
  if (state.role === "conflict" && answer.kind === "free") {
    const { faults, priority } = state;
    const over = reason(vipReasons, "VIP_CONFLICT_OVER", { name: settings.name });
    return enterBackup(settings, { priority, faults }, [], [over], nowMs);
  }
  if (state.role !== "master" || answer.kind !== "taken") return keep(state);
  const { address, mac } = answer;
  return keep(state, [reason(vipReasons, "VIP_DUPLICATE_ADDRESS", { name: settings.name, address, mac })]);
}

function onWitness(
  settings: RouterSettings,
  state: RouterState,
  event: RouterEvent & { kind: "witness" },
  nowMs: number,
): Decision {
  const { granted, holder } = event;
  if (state.role === "backup") return keep({ ...state, witness: { granted, holder, atMs: nowMs } });
  if (state.role !== "master" || granted) return keep(state);
  // Another host was granted what we hold: it didn't hear us, and neither do we hear it. When we do hear it, VRRP has
  // settled who is master, and its grant runs out.
  const { faults, master, priority } = state;
  if (master !== undefined && nowMs - master.heardAtMs < GRANT_MS + ADDRESS_RENEW_MS) return keep(state);
  const why = reason(vipReasons, "VIP_WITNESS_MOVED", { name: settings.name, holder });
  return enterBackup(settings, { priority, faults }, [{ kind: "dropAddresses" }], [why], nowMs);
}

/** Follows the other routers of the sync group. */
function onGroup(
  settings: RouterSettings,
  state: RouterState,
  role: "master" | "backup",
  because: string,
  nowMs: number,
): Decision {
  const { name } = settings;
  if (role === "master" && (state.role === "backup" || state.role === "conflict")) {
    const why = reason(vipReasons, "VIP_GROUP_MASTER", { name, because });
    return becomeMaster(settings, state, [why], nowMs, state.master === undefined ? "silence" : "master");
  }
  if (role === "backup" && state.role === "master" && state.leaving === undefined) {
    const { faults, priority } = state;
    const why = reason(vipReasons, "VIP_GROUP_BACKUP", { name, because });
    const leave: RouterEffect[] = [{ kind: "dropAddresses" }, { kind: "advertise", priority: 0 }];
    return enterBackup(settings, { priority, faults }, leave, [why], nowMs);
  }
  return keep(state);
}

function onStop(settings: RouterSettings, state: RouterState, nowMs: number): Decision {
  if (state.role === "stopped") return keep(state);
  if (state.role !== "master") {
    const stopped = reason(vipReasons, "VIP_STOPPED", { name: settings.name, role: state.role });
    return keep({ role: "stopped", priority: 0, faults: [], sinceMs: nowMs }, [stopped]);
  }
  if (state.leaving !== undefined) return keep({ ...state, leaving: { ...state.leaving, goal: "stopped" } });
  return settings.handOver
    ? offer(settings, state, "stopped", [], nowMs)
    : letGo(settings, state, "stopped", [], nowMs);
}
