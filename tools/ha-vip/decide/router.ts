/**
 * The state machine of one virtual router (RFC 9568, section 6; RFC 3768, section 6).
 * Pure: time comes as an argument, what to do goes out as effects, and why as reasons.
 */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { compareAddresses, formatAddress, type IpAddress } from "../../../shared/text/address.ts";
import { type Advert, PRIORITY_OWNER, PRIORITY_STOP } from "../model/packet.ts";
import { vipReasons } from "../model/reasons.ts";
import { ADDRESS_RENEW_MS, type RouterSettings } from "../model/router.ts";

/** The other host that speaks as master, as its last advert showed it. */
export interface MasterSeen {
  readonly address: IpAddress;
  readonly priority: number;
  readonly intervalMs: number;
  readonly heardAtMs: number;
}

interface Common {
  /** Base priority with what checks add and take; 0 is never advertised but by a router that leaves. */
  readonly priority: number;
  readonly faults: readonly string[];
  readonly sinceMs: number;
  readonly master?: MasterSeen;
}

export type RouterState =
  | (Common & { readonly role: "stopped" })
  | (Common & { readonly role: "fault" })
  | (Common & {
      readonly role: "backup";
      readonly masterDownAtMs: number;
      /** Until then a living master of lower priority is left alone. */
      readonly preemptFromMs: number;
      readonly leaving: boolean;
    })
  | (Common & {
      readonly role: "master";
      readonly advertAtMs: number;
      readonly renewAtMs: number;
      /** The next announcement, or Infinity. */
      readonly announceAtMs: number;
    });

export type RouterEvent =
  | { readonly kind: "start"; readonly priority: number; readonly faults: readonly string[] }
  | { readonly kind: "time" }
  | { readonly kind: "advert"; readonly advert: Advert; readonly from: IpAddress; readonly own: IpAddress }
  | { readonly kind: "health"; readonly priority: number; readonly faults: readonly string[] }
  | { readonly kind: "stop" };

export type RouterEffect =
  | { readonly kind: "advertise"; readonly priority: number }
  | { readonly kind: "takeAddresses" }
  | { readonly kind: "renewAddresses" }
  | { readonly kind: "dropAddresses" }
  | { readonly kind: "announce"; readonly count: number };

export interface Decision {
  readonly state: RouterState;
  readonly effects: readonly RouterEffect[];
  readonly reasons: readonly Reason[];
}

const NONE: readonly never[] = [];

export const STOPPED: RouterState = { role: "stopped", priority: 0, faults: [], sinceMs: 0 };

/** Skew_Time: the higher the priority, the sooner a backup acts, so that two backups don't act together. */
export function skewMs(priority: number, intervalMs: number, version: 2 | 3): number {
  return ((256 - priority) / 256) * (version === 2 ? 1000 : intervalMs);
}

/** Master_Down_Interval: three intervals of the master and our skew. */
export function masterDownMs(priority: number, intervalMs: number, version: 2 | 3): number {
  return 3 * intervalMs + skewMs(priority, intervalMs, version);
}

/** When the state wants to be asked again, ms; Infinity for never. */
export function deadlineOf(state: RouterState): number {
  switch (state.role) {
    case "backup":
      return state.masterDownAtMs;
    case "master":
      return Math.min(state.advertAtMs, state.renewAtMs, state.announceAtMs);
    case "stopped":
    case "fault":
      return Number.POSITIVE_INFINITY;
  }
}

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
      return onHealth(settings, state, event.priority, event.faults, nowMs);
    case "stop":
      return onStop(settings, state, nowMs);
  }
}

function keep(state: RouterState, reasons: readonly Reason[] = NONE): Decision {
  return { state, effects: NONE, reasons };
}

function backupState(
  settings: RouterSettings,
  common: Omit<Common, "sinceMs">,
  nowMs: number,
  intervalMs = settings.intervalMs,
): RouterState {
  return {
    role: "backup",
    ...common,
    sinceMs: nowMs,
    masterDownAtMs: nowMs + masterDownMs(common.priority, intervalMs, settings.version),
    preemptFromMs: nowMs + settings.preemptDelayMs,
    leaving: false,
  };
}

function becomeMaster(settings: RouterSettings, state: RouterState, why: readonly Reason[], nowMs: number): Decision {
  const { announce } = settings;
  const next = announce.delayMs > 0 ? announce.delayMs : announce.refreshMs;
  const addresses = settings.addresses.map((one) => `${formatAddress(one.address)}/${one.prefixLength}`);
  return {
    state: {
      role: "master",
      priority: state.priority,
      faults: state.faults,
      sinceMs: nowMs,
      advertAtMs: nowMs + settings.intervalMs,
      renewAtMs: nowMs + ADDRESS_RENEW_MS,
      announceAtMs: next > 0 ? nowMs + next : Number.POSITIVE_INFINITY,
    },
    // Neighbours are told last, when the address answers here.
    effects: [
      { kind: "advertise", priority: state.priority },
      { kind: "takeAddresses" },
      { kind: "announce", count: announce.count },
    ],
    reasons: [
      ...why,
      reason(vipReasons, "VIP_BECAME_MASTER", { name: settings.name, addresses, priority: state.priority }),
    ],
  };
}

function onStart(settings: RouterSettings, priority: number, faults: readonly string[], nowMs: number): Decision {
  const started = reason(vipReasons, "VIP_STARTED", { name: settings.name, device: settings.device, priority });
  if (faults.length > 0) {
    return {
      state: { role: "fault", priority, faults, sinceMs: nowMs },
      effects: [{ kind: "dropAddresses" }],
      reasons: [started, reason(vipReasons, "VIP_FAULT", { name: settings.name, faults })],
    };
  }
  const state = backupState(settings, { priority, faults }, nowMs);
  // Only the owner of the address may speak first: everyone else listens, whatever the file calls its state,
  // so that a host that comes back doesn't take the address for the length of one advert.
  if (priority === PRIORITY_OWNER) return becomeMaster(settings, state, [started], nowMs);
  return { state, effects: [{ kind: "dropAddresses" }], reasons: [started] };
}

function onTime(settings: RouterSettings, state: RouterState, nowMs: number): Decision {
  if (state.role === "backup") {
    return nowMs < state.masterDownAtMs
      ? keep(state)
      : becomeMaster(settings, state, [whyTakeOver(settings, state, nowMs)], nowMs);
  }
  if (state.role !== "master") return keep(state);
  const effects: RouterEffect[] = [];
  let { advertAtMs, announceAtMs, renewAtMs } = state;
  if (nowMs >= advertAtMs) {
    effects.push({ kind: "advertise", priority: state.priority });
    // On the beat even when we are a little late; after a long pause the beat starts anew, without a burst.
    advertAtMs =
      nowMs - advertAtMs < settings.intervalMs ? advertAtMs + settings.intervalMs : nowMs + settings.intervalMs;
  }
  if (nowMs >= renewAtMs) {
    effects.push({ kind: "renewAddresses" });
    renewAtMs = nowMs + ADDRESS_RENEW_MS;
  }
  if (nowMs >= announceAtMs) {
    effects.push({ kind: "announce", count: settings.announce.count });
    announceAtMs = settings.announce.refreshMs > 0 ? nowMs + settings.announce.refreshMs : Number.POSITIVE_INFINITY;
  }
  return { state: { ...state, advertAtMs, announceAtMs, renewAtMs }, effects, reasons: NONE };
}

function whyTakeOver(settings: RouterSettings, state: RouterState & { role: "backup" }, nowMs: number): Reason {
  const { name } = settings;
  const { master, priority } = state;
  if (master === undefined) return reason(vipReasons, "VIP_NO_MASTER", { name });
  const address = formatAddress(master.address);
  if (state.leaving) return reason(vipReasons, "VIP_MASTER_LEFT", { name, master: address });
  if (
    master.priority < priority &&
    nowMs - master.heardAtMs < masterDownMs(priority, master.intervalMs, settings.version)
  ) {
    return reason(vipReasons, "VIP_PREEMPTS", { name, master: address, theirs: master.priority, priority });
  }
  const silentMs = Math.round(nowMs - master.heardAtMs);
  return reason(vipReasons, "VIP_MASTER_LOST", { name, master: address, silentMs, priority });
}

/** Differences between the hosts' settings, told once for each new master; they never decide who is master. */
function differences(settings: RouterSettings, state: RouterState, advert: Advert, from: IpAddress): Reason[] {
  if (state.master !== undefined && compareAddresses(state.master.address, from) === 0) return [];
  const { name } = settings;
  const master = formatAddress(from);
  const found: Reason[] = [];
  if (advert.addresses.length !== settings.addresses.length) {
    const counts = { theirs: advert.addresses.length, ours: settings.addresses.length };
    found.push(reason(vipReasons, "VIP_ADDRESS_COUNT", { name, master, ...counts }));
  }
  if (advert.intervalMs !== settings.intervalMs) {
    const intervals = { theirs: advert.intervalMs, ours: settings.intervalMs };
    found.push(reason(vipReasons, "VIP_INTERVAL_DIFFERS", { name, master, ...intervals }));
  }
  return found;
}

function onAdvert(
  settings: RouterSettings,
  state: RouterState,
  event: RouterEvent & { kind: "advert" },
  nowMs: number,
): Decision {
  const { advert, from } = event;
  const seen: MasterSeen = {
    address: from,
    priority: advert.priority,
    intervalMs: advert.intervalMs,
    heardAtMs: nowMs,
  };
  if (state.role === "backup") return heardAsBackup(settings, state, advert, seen, nowMs);
  if (state.role === "master") return heardAsMaster(settings, state, event, seen, nowMs);
  return keep(state.role === "fault" ? { ...state, master: seen } : state);
}

function heardAsBackup(
  settings: RouterSettings,
  state: RouterState & { role: "backup" },
  advert: Advert,
  seen: MasterSeen,
  nowMs: number,
): Decision {
  const told = differences(settings, state, advert, seen.address);
  if (advert.priority === PRIORITY_STOP) {
    const master = state.master ?? seen;
    const masterDownAtMs = nowMs + skewMs(state.priority, advert.intervalMs, settings.version);
    return keep({ ...state, master, leaving: true, masterDownAtMs }, told);
  }
  // A master of lower priority is left to run into our deadline: that is how preemption works.
  const mayPreempt = settings.preempt && nowMs >= state.preemptFromMs;
  const follow = advert.priority >= state.priority || !mayPreempt;
  if (!follow) return keep({ ...state, master: seen, leaving: false }, told);
  const masterDownAtMs = nowMs + masterDownMs(state.priority, advert.intervalMs, settings.version);
  return keep({ ...state, master: seen, leaving: false, masterDownAtMs }, told);
}

function heardAsMaster(
  settings: RouterSettings,
  state: RouterState & { role: "master" },
  event: RouterEvent & { kind: "advert" },
  seen: MasterSeen,
  nowMs: number,
): Decision {
  const { advert } = event;
  const advertiseNow: RouterEffect = { kind: "advertise", priority: state.priority };
  if (advert.priority === PRIORITY_STOP) {
    return { state: { ...state, advertAtMs: nowMs + settings.intervalMs }, effects: [advertiseNow], reasons: NONE };
  }
  const wins =
    advert.priority > state.priority ||
    (advert.priority === state.priority && compareAddresses(event.from, event.own) > 0);
  const facts = {
    name: settings.name,
    master: formatAddress(event.from),
    theirs: advert.priority,
    priority: state.priority,
  };
  if (wins) {
    const common = { priority: state.priority, faults: state.faults, master: seen };
    return {
      state: backupState(settings, common, nowMs, advert.intervalMs),
      effects: [{ kind: "dropAddresses" }],
      reasons: [reason(vipReasons, "VIP_YIELDED", facts)],
    };
  }
  // The loser hears our advert and steps down; neighbours that followed its announcements learn ours again. Its own
  // announcements may still be on their way, so ours are repeated when it must have stepped down.
  const announceAtMs = Math.min(state.announceAtMs, nowMs + settings.intervalMs);
  return {
    state: { ...state, master: seen, advertAtMs: nowMs + settings.intervalMs, announceAtMs },
    effects: [advertiseNow, { kind: "announce", count: settings.announce.count }],
    reasons: [reason(vipReasons, "VIP_TWO_MASTERS", facts)],
  };
}

function onHealth(
  settings: RouterSettings,
  state: RouterState,
  priority: number,
  faults: readonly string[],
  nowMs: number,
): Decision {
  if (state.role === "stopped") return keep(state);
  if (faults.length > 0) {
    if (state.role === "fault") return keep({ ...state, priority, faults });
    const master = state.role === "master";
    return {
      state: { role: "fault", priority, faults, sinceMs: nowMs },
      effects: master ? [{ kind: "dropAddresses" }, { kind: "advertise", priority: PRIORITY_STOP }] : NONE,
      reasons: [reason(vipReasons, "VIP_FAULT", { name: settings.name, faults })],
    };
  }
  if (state.role === "fault") {
    return keep(backupState(settings, { priority, faults }, nowMs), [
      reason(vipReasons, "VIP_MENDED", { name: settings.name }),
    ]);
  }
  if (priority === state.priority) return keep(state);
  const changed = reason(vipReasons, "VIP_PRIORITY", { name: settings.name, before: state.priority, priority });
  if (state.role === "backup") return keep({ ...state, priority }, [changed]);
  // The new priority is told at once, so that a better backup doesn't wait for the beat.
  const advertAtMs = nowMs + settings.intervalMs;
  return { state: { ...state, priority, advertAtMs }, effects: [{ kind: "advertise", priority }], reasons: [changed] };
}

function onStop(settings: RouterSettings, state: RouterState, nowMs: number): Decision {
  if (state.role === "stopped") return keep(state);
  const master = state.role === "master";
  return {
    state: { ...STOPPED, sinceMs: nowMs },
    effects: master ? [{ kind: "dropAddresses" }, { kind: "advertise", priority: PRIORITY_STOP }] : NONE,
    reasons: [reason(vipReasons, "VIP_STOPPED", { name: settings.name, role: state.role })],
  };
}
