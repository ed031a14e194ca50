/**
 * The state machine of one CARP group, as carp(4) describes it and ucarp(8) behaves. Pure: time is an argument, what to
 * do goes out as effects, and why as reasons.
 */
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress, type IpAddress } from "../../../../shared/text/address.ts";
import { CARP_ANSWER_LEAST_MS, CARP_BOW_OUT, type CarpRank, type CarpSettings } from "../../model/carp/carp.ts";
import { carpReasons } from "../../model/carp/reasons.ts";
import { ADDRESS_RENEW_MS } from "../../model/router.ts";
import { carpDownMs, carpIntervalMs } from "./carp-timers.ts";

/** The host that speaks as master. */
export interface CarpMasterSeen {
  readonly address: IpAddress;
  readonly rank: CarpRank;
  readonly heardAtMs: number;
}

interface Common {
  readonly faults: readonly string[];
  readonly master?: CarpMasterSeen;
}

export type CarpBackup = Common & {
  readonly role: "backup";
  readonly masterDownAtMs: number;
  /** The master said that it goes. */
  readonly left: boolean;
};
export type CarpMaster = Common & {
  readonly role: "master";
  readonly advertAtMs: number;
  readonly renewAtMs: number;
  /** The next announcement, or Infinity. */
  readonly announceAtMs: number;
  /** When a rival was last answered. */
  readonly answeredAtMs: number;
};
export type CarpState =
  (Common & { readonly role: "stopped" }) | (Common & { readonly role: "fault" }) | CarpBackup | CarpMaster;

export type CarpEvent =
  | { readonly kind: "start"; readonly faults: readonly string[] }
  | { readonly kind: "time" }
  /** A packet whose signature is good. */
  | { readonly kind: "advert"; readonly rank: CarpRank; readonly from: IpAddress; readonly own: IpAddress }
  | { readonly kind: "health"; readonly faults: readonly string[] }
  | { readonly kind: "stop" };

export type CarpEffect =
  | { readonly kind: "advertise"; readonly rank: CarpRank }
  | { readonly kind: "takeAddresses" | "renewAddresses" | "dropAddresses" }
  | { readonly kind: "announce"; readonly count: number };

export interface CarpDecision {
  readonly state: CarpState;
  readonly effects: readonly CarpEffect[];
  readonly reasons: readonly Reason[];
}

export const CARP_STOPPED: CarpState = { role: "stopped", faults: [] };

const NEVER = Number.POSITIVE_INFINITY;
const DROP: CarpEffect = { kind: "dropAddresses" };
const BOW_OUT: CarpEffect = { kind: "advertise", rank: CARP_BOW_OUT };

function keep(state: CarpState, reasons: readonly Reason[] = []): CarpDecision {
  return { state, effects: [], reasons };
}

/** When the state wants to be asked again, ms; Infinity for never. */
export function carpDeadline(state: CarpState): number {
  switch (state.role) {
    case "backup":
      return state.masterDownAtMs;
    case "master":
      return Math.min(state.advertAtMs, state.renewAtMs, state.announceAtMs);
    case "stopped":
    case "fault":
      return NEVER;
  }
}

/** One step of a group. The same state, event and time always give the same decision. */
export function decideCarp(settings: CarpSettings, state: CarpState, event: CarpEvent, nowMs: number): CarpDecision {
  switch (event.kind) {
    case "start":
      return onStart(settings, event.faults, nowMs);
    case "time":
      return onTime(settings, state, nowMs);
    case "advert":
      return onAdvert(settings, state, event, nowMs);
    case "health":
      return onHealth(settings, state, event.faults, nowMs);
    case "stop":
      return onStop(settings, state);
  }
}

function onStart(settings: CarpSettings, faults: readonly string[], nowMs: number): CarpDecision {
  const { device, name, rank, vhid } = settings;
  const started = reason(carpReasons, "VIP_CARP_STARTED", { name, vhid, device, base: rank.base, skew: rank.skew });
  if (faults.length === 0) return enterBackup(settings, { faults }, [DROP], [started], nowMs);
  const why = reason(carpReasons, "VIP_CARP_FAULT", { name, faults });
  return { state: { role: "fault", faults }, effects: [DROP], reasons: [started, why] };
}

function enterBackup(
  settings: CarpSettings,
  standing: Common,
  effects: readonly CarpEffect[],
  reasons: readonly Reason[],
  nowMs: number,
): CarpDecision {
  const masterDownAtMs = nowMs + carpDownMs(settings);
  return { state: { role: "backup", ...standing, masterDownAtMs, left: false }, effects, reasons };
}

/** The advert goes out first, so that other backups hear it soonest. */
function becomeMaster(settings: CarpSettings, faults: readonly string[], why: Reason, nowMs: number): CarpDecision {
  const { announce, name, rank } = settings;
  const addresses = settings.addresses.map((one) => `${formatAddress(one.address)}/${one.prefixLength}`);
  const state: CarpMaster = {
    role: "master",
    faults,
    advertAtMs: nowMs + carpIntervalMs(rank),
    renewAtMs: nowMs + ADDRESS_RENEW_MS,
    announceAtMs: announce.delayMs > 0 ? nowMs + announce.delayMs : NEVER,
    answeredAtMs: Number.NEGATIVE_INFINITY,
  };
  return {
    state,
    effects: [{ kind: "advertise", rank }, { kind: "takeAddresses" }, { kind: "announce", count: announce.count }],
    reasons: [why, reason(carpReasons, "VIP_CARP_BECAME_MASTER", { name, addresses })],
  };
}

function onTime(settings: CarpSettings, state: CarpState, nowMs: number): CarpDecision {
  if (state.role === "backup") {
    return nowMs < state.masterDownAtMs
      ? keep(state)
      : becomeMaster(settings, state.faults, whyNow(settings, state, nowMs), nowMs);
  }
  if (state.role !== "master") return keep(state);
  const effects: CarpEffect[] = [];
  let { advertAtMs, announceAtMs, renewAtMs } = state;
  const { announce, rank } = settings;
  if (nowMs >= advertAtMs) {
    effects.push({ kind: "advertise", rank });
    const intervalMs = carpIntervalMs(rank);
    // On the beat even when we are a little late; after a long pause without a burst.
    advertAtMs = Math.max(advertAtMs + intervalMs, nowMs + intervalMs / 2);
  }
  if (nowMs >= renewAtMs) {
    effects.push({ kind: "renewAddresses" });
    renewAtMs = nowMs + ADDRESS_RENEW_MS;
  }
  if (nowMs >= announceAtMs) {
    effects.push({ kind: "announce", count: announce.count });
    announceAtMs = NEVER;
  }
  return { state: { ...state, advertAtMs, announceAtMs, renewAtMs }, effects, reasons: [] };
}

function whyNow({ name }: CarpSettings, { left, master }: CarpBackup, nowMs: number): Reason {
  if (master === undefined) return reason(carpReasons, "VIP_CARP_NO_MASTER", { name });
  const address = formatAddress(master.address);
  if (left) return reason(carpReasons, "VIP_CARP_MASTER_LEFT", { name, master: address });
  const silentMs = Math.round(nowMs - master.heardAtMs);
  return reason(carpReasons, "VIP_CARP_MASTER_LOST", { name, master: address, silentMs });
}

/**
 * Which of two hosts that speak equally often is master: the lower address, compared from its last byte on, because
 * ucarp compares the bytes so on all machines that it usually runs on.
 */
function precedes(left: IpAddress, right: IpAddress): boolean {
  for (let at = left.bytes.length - 1; at >= 0; at -= 1) {
    const difference = (left.bytes[at] ?? 0) - (right.bytes[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function onAdvert(
  settings: CarpSettings,
  state: CarpState,
  event: CarpEvent & { kind: "advert" },
  nowMs: number,
): CarpDecision {
  const { from, own, rank } = event;
  const seen: CarpMasterSeen = { address: from, rank, heardAtMs: nowMs };
  const facts = {
    name: settings.name,
    master: formatAddress(from),
    theirsMs: Math.round(carpIntervalMs(rank)),
    oursMs: Math.round(carpIntervalMs(settings.rank)),
  };
  const [ours, theirs] = [carpIntervalMs(settings.rank), carpIntervalMs(rank)];
  switch (state.role) {
    case "stopped":
      return keep(state);
    case "fault":
      return keep({ ...state, master: seen });
    case "backup": {
      if (rank.base === CARP_BOW_OUT.base && rank.skew === CARP_BOW_OUT.skew) return onBowOut(settings, state, nowMs);
      // One that speaks more rarely than we would believe it dead can't stay master.
      const tooRare = theirs > settings.deadRatio * ours;
      if (ours < theirs && (settings.preempt || tooRare)) {
        return becomeMaster(settings, state.faults, reason(carpReasons, "VIP_CARP_PREEMPTS", facts), nowMs);
      }
      return keep({ ...state, master: seen, left: false, masterDownAtMs: nowMs + carpDownMs(settings) });
    }
    case "master": {
      if (theirs < ours || (theirs === ours && precedes(from, own))) {
        const why = reason(carpReasons, "VIP_CARP_YIELDED", facts);
        return enterBackup(settings, { faults: state.faults, master: seen }, [DROP], [why], nowMs);
      }
      if (nowMs - state.answeredAtMs < CARP_ANSWER_LEAST_MS) return keep(state);
      // The other one yields when it hears us; neighbours that it told its place are told ours again.
      return {
        state: { ...state, answeredAtMs: nowMs },
        effects: [
          { kind: "advertise", rank: settings.rank },
          { kind: "announce", count: settings.announce.repairCount },
        ],
        reasons: [reason(carpReasons, "VIP_CARP_TWO_MASTERS", facts)],
      };
    }
  }
}

/** The master goes: whoever would speak most often takes over first, the others hear it and wait. */
function onBowOut(settings: CarpSettings, state: CarpBackup, nowMs: number): CarpDecision {
  const { skew } = settings.rank;
  const masterDownAtMs = Math.min(state.masterDownAtMs, nowMs + skew);
  return keep({ ...state, left: true, masterDownAtMs });
}

function onHealth(settings: CarpSettings, state: CarpState, faults: readonly string[], nowMs: number): CarpDecision {
  const { name } = settings;
  if (state.role === "stopped") return keep(state);
  if (faults.length === 0) {
    if (state.role !== "fault") return keep({ ...state, faults });
    const mended = reason(carpReasons, "VIP_CARP_MENDED", { name });
    const known = state.master === undefined ? {} : { master: state.master };
    return enterBackup(settings, { faults, ...known }, [], [mended], nowMs);
  }
  if (state.role === "fault") return keep({ ...state, faults });
  const why = reason(carpReasons, "VIP_CARP_FAULT", { name, faults });
  const known = state.master === undefined ? {} : { master: state.master };
  // The addresses go before the others hear of it, so that there are never two holders.
  const effects = state.role === "master" ? [DROP, BOW_OUT] : [];
  return { state: { role: "fault", faults, ...known }, effects, reasons: [why] };
}

function onStop(settings: CarpSettings, state: CarpState): CarpDecision {
  if (state.role === "stopped") return keep(state);
  const why = reason(carpReasons, "VIP_CARP_STOPPED", { name: settings.name, role: state.role });
  return { state: CARP_STOPPED, effects: state.role === "master" ? [DROP, BOW_OUT] : [DROP], reasons: [why] };
}
