/** What an advert of another host means: RFC 9568 section 6.4.2 and 6.4.3. Pure. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { compareAddresses, formatAddress, type IpAddress, sameAddress } from "../../../shared/text/address.ts";
import { ANSWER_LEAST_MS, TELL_RIVAL_MS } from "../model/limits.ts";
import { type Advert, PRIORITY_STOP } from "../model/packet.ts";
import { vipReasons } from "../model/reasons.ts";
import type { RouterSettings } from "../model/router.ts";
import {
  type Backup,
  type Decision,
  keep,
  type Master,
  type MasterSeen,
  type RouterEffect,
  type RouterEvent,
  type RouterState,
} from "./router-state.ts";
import { downTimeMs, nextBeatMs, skewMs } from "./timers.ts";
import { armed, enterBackup, letGo } from "./transitions.ts";

export function onAdvert(
  settings: RouterSettings,
  state: RouterState,
  event: RouterEvent & { kind: "advert" },
  nowMs: number,
): Decision {
  const { advert, from } = event;
  const { intervalMs, priority } = advert;
  const seen: MasterSeen = { address: from, priority, intervalMs, heardAtMs: nowMs };
  switch (state.role) {
    case "backup":
      return heardAsBackup(settings, state, advert, seen, nowMs);
    case "master":
      return heardAsMaster(settings, state, event, seen, nowMs);
    case "conflict": {
      if (priority === PRIORITY_STOP) return keep(state);
      // The holder of the address speaks VRRP after all.
      const { faults } = state;
      return enterBackup(settings, { priority: state.priority, faults, master: seen }, [], [], nowMs);
    }
    case "fault":
      return keep(priority === PRIORITY_STOP ? forget(state, from) : { ...state, master: seen });
    case "stopped":
      return keep(state);
  }
}

function forget(state: RouterState, from: IpAddress): RouterState {
  if (state.master === undefined || !sameAddress(state.master.address, from)) return state;
  const { master: _gone, ...rest } = state;
  return rest;
}

/** Differences between the hosts' settings, told once for each new master; they never decide who is master. */
function differences(settings: RouterSettings, state: RouterState, advert: Advert, from: IpAddress): Reason[] {
  if (state.master !== undefined && sameAddress(state.master.address, from)) return [];
  const { name } = settings;
  const master = formatAddress(from);
  const found: Reason[] = [];
  if (advert.addresses.length !== settings.addresses.length) {
    const counts = { theirs: advert.addresses.length, ours: settings.addresses.length };
    found.push(reason(vipReasons, "VIP_ADDRESS_COUNT", { name, master, ...counts }));
  } else if (!sameSet(settings, advert)) {
    // Somebody else's virtual router that happens to have our number, or a mistake in one of the lists.
    const theirs = advert.addresses.map(formatAddress);
    found.push(reason(vipReasons, "VIP_DUPLICATE_VRID", { name, master, vrid: settings.vrid, theirs }));
  }
  if (advert.intervalMs !== settings.intervalMs) {
    const intervals = { theirs: advert.intervalMs, ours: settings.intervalMs };
    found.push(reason(vipReasons, "VIP_INTERVAL_DIFFERS", { name, master, ...intervals }));
  }
  return found;
}

function sameSet(settings: RouterSettings, advert: Advert): boolean {
  return advert.addresses.every((theirs) => settings.addresses.some((ours) => sameAddress(ours.address, theirs)));
}

function heardAsBackup(
  settings: RouterSettings,
  state: Backup,
  advert: Advert,
  seen: MasterSeen,
  nowMs: number,
): Decision {
  const told = differences(settings, state, advert, seen.address);
  if (advert.priority === PRIORITY_STOP) return heardLeaving(settings, state, advert, seen, told, nowMs);
  const lower = advert.priority < state.priority;
  // The delay counts from the first sight of a master that is lower.
  const firstSight = lower && (state.master === undefined || state.master.priority >= state.priority);
  const preemptFromMs = firstSight
    ? Math.max(state.preemptFromMs, nowMs + settings.preemptDelayMs)
    : state.preemptFromMs;
  const heard: Backup = { ...state, master: seen, leaving: false, preemptFromMs };
  // A master of lower priority is left to run into our deadline: that is how preemption works.
  const mayPreempt = settings.preempt && nowMs >= preemptFromMs;
  if (lower && mayPreempt) return keep(heard, told);
  const masterDownAtMs = nowMs + downTimeMs(settings, state.priority, advert.intervalMs);
  return keep({ ...heard, ...armed(settings, masterDownAtMs) }, told);
}

/** Priority 0: the master leaves. That of a host which isn't our master is no news. */
function heardLeaving(
  settings: RouterSettings,
  state: Backup,
  advert: Advert,
  seen: MasterSeen,
  told: readonly Reason[],
  nowMs: number,
): Decision {
  const { master } = state;
  if (master !== undefined && !sameAddress(master.address, seen.address)) {
    const alive = nowMs - master.heardAtMs < downTimeMs(settings, state.priority, master.intervalMs);
    if (alive) return keep(state);
  }
  const masterDownAtMs = nowMs + skewMs(state.priority, advert.intervalMs, settings.version);
  return keep(
    {
      ...state,
      master: master ?? seen,
      leaving: true,
      masterDownAtMs: Math.min(state.masterDownAtMs, masterDownAtMs),
      askWitnessAtMs: Number.POSITIVE_INFINITY,
    },
    told,
  );
}

function heardAsMaster(
  settings: RouterSettings,
  state: Master,
  event: RouterEvent & { kind: "advert" },
  seen: MasterSeen,
  nowMs: number,
): Decision {
  const { advert, from, own } = event;
  // The other one is gone, or going: nothing changes but that neighbours may have heard it last.
  if (advert.priority === PRIORITY_STOP) return assertOurselves(settings, state, seen, [], nowMs);
  if (state.given !== undefined && nowMs < state.given.untilMs && sameAddress(from, state.given.from))
    return keep(state);
  const higher =
    advert.priority > state.priority || (advert.priority === state.priority && compareAddresses(from, own) > 0);
  if (state.leaving !== undefined) {
    const { best, goal } = state.leaving;
    // A master of lower priority that wasn't chosen yields to us in a moment: it is no successor.
    const takesOver = higher || (best !== undefined && sameAddress(best.address, from));
    return takesOver ? letGo(settings, state, goal, [], nowMs, seen) : keep(state);
  }
  const facts = {
    name: settings.name,
    master: formatAddress(from),
    theirs: advert.priority,
    priority: state.priority,
  };
  // After a long pause of this host the other one took over rightly, and who may not preempt doesn't take it back.
  const overslept = nowMs - state.advertAtMs > downTimeMs(settings, advert.priority);
  if (!higher && overslept && !settings.preempt) {
    const silentMs = Math.round(nowMs - state.advertAtMs + settings.intervalMs);
    const why = reason(vipReasons, "VIP_OVERSLEPT", { ...facts, silentMs });
    // Without a last word: ours is the higher priority, and the other one would yield to it.
    return stepDown({ ...settings, answerHigher: false }, state, seen, why, nowMs);
  }
  if (higher) return stepDown(settings, state, seen, reason(vipReasons, "VIP_YIELDED", facts), nowMs);
  // The last word of the master that we have just relieved is no news.
  const relieved = nowMs - state.sinceMs < settings.intervalMs;
  const telling = !relieved && nowMs - state.toldRivalAtMs >= TELL_RIVAL_MS;
  const told = telling ? [reason(vipReasons, "VIP_TWO_MASTERS", facts)] : [];
  return assertOurselves(settings, { ...state, master: seen }, seen, told, nowMs);
}

/** The winner hears once more of the loser: otherwise it wouldn't know that neighbours need to learn its place anew. */
function stepDown(settings: RouterSettings, state: Master, seen: MasterSeen, why: Reason, nowMs: number): Decision {
  const { faults, priority } = state;
  const last: RouterEffect[] = settings.answerHigher ? [{ kind: "advertise", priority }] : [];
  const effects: RouterEffect[] = [{ kind: "dropAddresses" }, ...last];
  return enterBackup(settings, { priority, faults, master: seen }, effects, [why], nowMs);
}

/**
 * Stays master against another one. The loser hears our advert and steps down; neighbours that followed its
 * announcements learn ours again. Its own announcements may still be on their way, so ours are repeated when it must
 * have stepped down. Both are limited, so that a flood of adverts can't make us flood the network.
 */
function assertOurselves(
  settings: RouterSettings,
  state: Master,
  seen: MasterSeen,
  told: readonly Reason[],
  nowMs: number,
): Decision {
  const { announce, intervalMs } = settings;
  const effects: RouterEffect[] = [];
  const mayAnswer = settings.answerLower || seen.priority === PRIORITY_STOP;
  let next: Master = told.length === 0 ? state : { ...state, toldRivalAtMs: nowMs };
  if (mayAnswer && nowMs - state.answeredAtMs >= ANSWER_LEAST_MS) {
    effects.push({ kind: "advertise", priority: state.priority });
    next = { ...next, answeredAtMs: nowMs, advertAtMs: nextBeatMs(settings, nowMs) };
  }
  if (announce.repairCount > 0 && nowMs - state.repairedAtMs >= intervalMs) {
    const againMs = announce.repairDelayMs > 0 ? announce.repairDelayMs : intervalMs;
    effects.push({ kind: "announce", count: announce.repairCount });
    const announceAtMs = Math.min(next.announceAtMs, nowMs + againMs);
    const lateRoundAtMs = announce.delayMs > 0 ? nowMs + announce.delayMs : Number.POSITIVE_INFINITY;
    next = { ...next, repairedAtMs: nowMs, announceAtMs, announceCount: announce.repairCount, lateRoundAtMs };
  }
  return { state: next, effects, reasons: told };
}
