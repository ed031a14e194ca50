/** The planned hand-over: what each of the two hosts does with its datagrams (see model/hand-over.ts). Pure. */
import { reason } from "../../../shared/reason/catalogue.ts";
import { compareAddresses, formatAddress, type IpAddress, sameAddress } from "../../../shared/text/address.ts";
import { ACCEPT_WAIT_MS, type HandOverMessage, LONG_ACCEPT_WAIT_MS, TAKEN_WAIT_MS } from "../model/hand-over.ts";
import { vipReasons } from "../model/reasons.ts";
import type { RouterSettings } from "../model/router.ts";
import { type Backup, type Decision, keep, type Leaving, type Master, type RouterState } from "./router-state.ts";
import { becomeMaster, letGo } from "./transitions.ts";

export function onHandOver(
  settings: RouterSettings,
  state: RouterState,
  message: HandOverMessage,
  from: IpAddress,
  nowMs: number,
): Decision {
  if (state.role === "backup") return asSuccessor(settings, state, message, from, nowMs);
  if (state.role === "master" && state.leaving !== undefined) {
    return asLeaving(settings, state, state.leaving, message, from, nowMs);
  }
  return keep(state);
}

/** Only the host that we follow as master may give us something. */
function asSuccessor(
  settings: RouterSettings,
  state: Backup,
  message: HandOverMessage,
  from: IpAddress,
  nowMs: number,
): Decision {
  const { master, priority } = state;
  if (master === undefined || !sameAddress(master.address, from)) return keep(state);
  const answer = (kind: "accept" | "taken") =>
    ({ kind: "handOver", to: from, message: { kind, vrid: settings.vrid, priority, nonce: message.nonce } }) as const;
  if (message.kind === "offer") {
    const accepted = { nonce: message.nonce, atMs: nowMs };
    return { state: { ...state, accepted }, effects: [answer("accept")], reasons: [] };
  }
  if (message.kind !== "take") return keep(state);
  // A word that lay in the socket of a host that slept is about a hand-over that is long over.
  const { accepted } = state;
  if (accepted?.nonce !== message.nonce || nowMs - accepted.atMs > LONG_ACCEPT_WAIT_MS + TAKEN_WAIT_MS)
    return keep(state);
  const why = reason(vipReasons, "VIP_GIVEN", { name: settings.name, master: formatAddress(from) });
  const became = becomeMaster(settings, state, [why], nowMs, "master");
  const given = { from, untilMs: nowMs + TAKEN_WAIT_MS };
  return { ...became, state: { ...became.state, given }, effects: [...became.effects, answer("taken")] };
}

function asLeaving(
  settings: RouterSettings,
  state: Master,
  leaving: Leaving,
  message: HandOverMessage,
  from: IpAddress,
  nowMs: number,
): Decision {
  if (message.nonce !== leaving.nonce) return keep(state);
  const { best } = leaving;
  if (message.kind === "taken" && best !== undefined && sameAddress(best.address, from)) {
    const successor = { ...best, intervalMs: settings.intervalMs, heardAtMs: nowMs };
    return letGo(settings, state, leaving.goal, [], nowMs, successor);
  }
  if (message.kind !== "accept" || leaving.phase === "given") return keep(state);
  const better =
    best === undefined ||
    message.priority > best.priority ||
    (message.priority === best.priority && compareAddresses(from, best.address) > 0);
  const candidate = { address: from, priority: message.priority };
  if (leaving.phase === "waiting") return give(settings, state, leaving, candidate, nowMs);
  return keep(better ? { ...state, leaving: { ...leaving, best: candidate } } : state);
}

/** Asks the chosen successor to take the addresses. */
function give(
  settings: RouterSettings,
  state: Master,
  leaving: Leaving,
  best: NonNullable<Leaving["best"]>,
  nowMs: number,
): Decision {
  const message = { kind: "take", vrid: settings.vrid, priority: state.priority, nonce: leaving.nonce } as const;
  return {
    state: { ...state, leaving: { ...leaving, best, phase: "given", untilMs: nowMs + TAKEN_WAIT_MS } },
    effects: [{ kind: "handOver", message, to: best.address }],
    reasons: [],
  };
}

/** The end of a phase: give it to the best of those who answered, wait on when nothing presses, or leave as VRRP says. */
export function onLeavingDeadline(settings: RouterSettings, state: Master, leaving: Leaving, nowMs: number): Decision {
  const { best, goal, phase } = leaving;
  if (phase === "offered" && best !== undefined) return give(settings, state, leaving, best, nowMs);
  if (phase === "offered" && goal === "stopped" && state.faults.length === 0) {
    const untilMs = nowMs + LONG_ACCEPT_WAIT_MS - ACCEPT_WAIT_MS;
    // Once more: who spoke as master a moment ago may follow us by now.
    const again = { kind: "offer", vrid: settings.vrid, priority: state.priority, nonce: leaving.nonce } as const;
    return {
      state: { ...state, leaving: { ...leaving, phase: "waiting", untilMs } },
      effects: [{ kind: "handOver", message: again }],
      reasons: [],
    };
  }
  return letGo(settings, state, goal, [], nowMs);
}
