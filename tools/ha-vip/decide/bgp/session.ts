/**
 * One BGP session as the side that calls: the state machine of RFC 4271 section 8 without its passive half, because
 * ha-vip never listens. Pure: time is an argument, messages come decoded and leave as values.
 */
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import {
  type BgpPeerSettings,
  CONNECT_WAIT_MS,
  OPEN_WAIT_MS,
  RETRY_FIRST_MS,
  RETRY_MOST_MS,
} from "../../model/bgp/bgp.ts";
import { type BgpMessage, type BgpNotification, type BgpOpen, NOTIFICATION } from "../../model/bgp/message.ts";
import { notificationWords } from "../../model/bgp/message.ts";
import { bgpReasons } from "../../model/bgp/reasons.ts";

export type BgpPhase = "idle" | "connecting" | "openSent" | "openConfirm" | "established" | "stopped";

export interface BgpState {
  readonly phase: BgpPhase;
  /** Attempts that failed in a row. */
  readonly failures: number;
  /** The next attempt, the end of waiting, or the end of the hold time; Infinity for never. */
  readonly deadlineMs: number;
  readonly keepaliveAtMs: number;
  /** Negotiated; 0 for no keepalives. */
  readonly holdMs: number;
  /** What the peer said of itself. */
  readonly peer?: BgpOpen;
}

export type BgpEvent =
  | { readonly kind: "start" }
  | { readonly kind: "time" }
  | { readonly kind: "connected" }
  /** The connection couldn't be made or is gone, and why. */
  | { readonly kind: "disconnected"; readonly why: string }
  | { readonly kind: "message"; readonly message: BgpMessage }
  /** Bytes that are no message. */
  | { readonly kind: "broken"; readonly notification: BgpNotification }
  /** BFD was up and isn't any more. */
  | { readonly kind: "pathDown" }
  | { readonly kind: "stop" };

export type BgpEffect =
  | { readonly kind: "connect" }
  | { readonly kind: "close" }
  | { readonly kind: "sendOpen" | "sendKeepalive" }
  | { readonly kind: "sendNotification"; readonly notification: BgpNotification }
  /** The session is up, or the peer asks for all routes again: send them. */
  | { readonly kind: "sendRoutes" };

export interface BgpDecision {
  readonly state: BgpState;
  readonly effects: readonly BgpEffect[];
  readonly reasons: readonly Reason[];
}

export interface BgpSelf {
  readonly as: number;
  readonly routerId: number;
}

const NEVER = Number.POSITIVE_INFINITY;
const KEEPALIVES_PER_HOLD = 3;

export const BGP_STOPPED: BgpState = {
  phase: "stopped",
  failures: 0,
  deadlineMs: NEVER,
  keepaliveAtMs: NEVER,
  holdMs: 0,
};

function keep(state: BgpState): BgpDecision {
  return { state, effects: [], reasons: [] };
}

export function bgpDeadline({ deadlineMs, keepaliveAtMs }: BgpState): number {
  return Math.min(deadlineMs, keepaliveAtMs);
}

/** One step of a session. The same state, event and time always give the same decision. */
export function decideBgp(
  self: BgpSelf,
  settings: BgpPeerSettings,
  state: BgpState,
  event: BgpEvent,
  nowMs: number,
): BgpDecision {
  switch (event.kind) {
    case "start":
      return connect({ ...BGP_STOPPED, phase: "idle" }, nowMs);
    case "time":
      return onTime(settings, state, nowMs);
    case "connected":
      return state.phase === "connecting" ? opened(state, nowMs) : keep(state);
    case "disconnected":
      return isOn(state) ? fail(settings, state, event.why, nowMs) : keep(state);
    case "message":
      return onMessage(self, settings, state, event.message, nowMs);
    case "broken":
      return isOn(state) ? refuse(settings, state, event.notification, nowMs) : keep(state);
    case "pathDown":
      return isTalking(state) ? refuse(settings, state, NOTIFICATION.bfdDown, nowMs) : keep(state);
    case "stop":
      return onStop(state);
  }
}

/** Is there a connection, or the attempt of one? */
function isOn({ phase }: BgpState): boolean {
  return phase !== "idle" && phase !== "stopped";
}

function isTalking({ phase }: BgpState): boolean {
  return phase === "openSent" || phase === "openConfirm" || phase === "established";
}

function connect(state: BgpState, nowMs: number): BgpDecision {
  const { peer: _before, ...rest } = state;
  const next: BgpState = { ...rest, phase: "connecting", deadlineMs: nowMs + CONNECT_WAIT_MS, keepaliveAtMs: NEVER };
  return { state: next, effects: [{ kind: "connect" }], reasons: [] };
}

function opened(state: BgpState, nowMs: number): BgpDecision {
  const next: BgpState = { ...state, phase: "openSent", deadlineMs: nowMs + OPEN_WAIT_MS };
  return { state: next, effects: [{ kind: "sendOpen" }], reasons: [] };
}

/** Back to idle. The pause doubles with each failure in a row, so that a router that is down isn't hammered. */
function fail(
  settings: BgpPeerSettings,
  state: BgpState,
  why: string,
  nowMs: number,
  before: readonly BgpEffect[] = [],
  told?: Reason,
): BgpDecision {
  const failures = state.phase === "established" ? 1 : state.failures + 1;
  const retryMs = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 16));
  const peer = formatAddress(settings.address);
  const down = reason(bgpReasons, "VIP_BGP_DOWN", { peer, why, retryMs });
  // A router that is away for long is told of once, not at each attempt.
  const news = told !== undefined || failures === 1 ? [down] : [];
  return {
    state: { ...BGP_STOPPED, phase: "idle", failures, deadlineMs: nowMs + retryMs },
    effects: [...before, { kind: "close" }],
    reasons: told === undefined ? news : [told, ...news],
  };
}

/** Ends the session because of something that the peer did, and says which. */
function refuse(settings: BgpPeerSettings, state: BgpState, notification: BgpNotification, nowMs: number): BgpDecision {
  const why = notificationWords(notification);
  const peer = formatAddress(settings.address);
  const told = reason(bgpReasons, "VIP_BGP_MISTAKE", { peer, why });
  return fail(settings, state, why, nowMs, [{ kind: "sendNotification", notification }], told);
}

function onTime(settings: BgpPeerSettings, state: BgpState, nowMs: number): BgpDecision {
  if (nowMs >= state.deadlineMs) {
    switch (state.phase) {
      case "stopped":
        return keep(state);
      case "idle":
        return connect(state, nowMs);
      case "connecting":
        return fail(settings, state, "no answer to the call", nowMs);
      case "openSent":
      case "openConfirm":
      case "established":
        return refuse(settings, state, NOTIFICATION.holdTimerExpired, nowMs);
    }
  }
  if (nowMs < state.keepaliveAtMs) return keep(state);
  const keepaliveAtMs = nowMs + state.holdMs / KEEPALIVES_PER_HOLD;
  return { state: { ...state, keepaliveAtMs }, effects: [{ kind: "sendKeepalive" }], reasons: [] };
}

function onMessage(
  self: BgpSelf,
  settings: BgpPeerSettings,
  state: BgpState,
  message: BgpMessage,
  nowMs: number,
): BgpDecision {
  if (!isTalking(state)) return keep(state);
  if (message.kind === "notification") {
    const why = notificationWords(message.notification);
    const peer = formatAddress(settings.address);
    const told = reason(bgpReasons, "VIP_BGP_REFUSED", { peer, why, text: message.text });
    return fail(settings, state, why, nowMs, [], told);
  }
  if (state.phase === "openSent") {
    return message.kind === "open"
      ? onOpen(self, settings, state, message.open, nowMs)
      : refuse(settings, state, NOTIFICATION.stateMachine, nowMs);
  }
  if (message.kind === "open") return refuse(settings, state, NOTIFICATION.stateMachine, nowMs);
  const heard: BgpState = { ...state, deadlineMs: state.holdMs === 0 ? NEVER : nowMs + state.holdMs };
  if (state.phase === "openConfirm") {
    return message.kind === "keepalive"
      ? established(settings, heard)
      : refuse(settings, state, NOTIFICATION.stateMachine, nowMs);
  }
  return message.kind === "refresh" ? { ...keep(heard), effects: [{ kind: "sendRoutes" }] } : keep(heard);
}

function onOpen(self: BgpSelf, settings: BgpPeerSettings, state: BgpState, open: BgpOpen, nowMs: number): BgpDecision {
  if (open.as !== settings.as) return refuse(settings, state, NOTIFICATION.badPeerAs, nowMs);
  if (open.routerId === self.routerId && open.as === self.as) {
    return refuse(settings, state, NOTIFICATION.badIdentifier, nowMs);
  }
  const theirsMs = open.holdSeconds * 1000;
  const holdMs = Math.min(theirsMs, settings.holdMs);
  const next: BgpState = {
    ...state,
    phase: "openConfirm",
    peer: open,
    holdMs,
    deadlineMs: nowMs + OPEN_WAIT_MS,
    keepaliveAtMs: holdMs === 0 ? NEVER : nowMs + holdMs / KEEPALIVES_PER_HOLD,
  };
  return { state: next, effects: [{ kind: "sendKeepalive" }], reasons: [] };
}

function established(settings: BgpPeerSettings, state: BgpState): BgpDecision {
  const peer = formatAddress(settings.address);
  const told = reason(bgpReasons, "VIP_BGP_UP", { peer, as: settings.as, holdS: state.holdMs / 1000 });
  return {
    state: { ...state, phase: "established", failures: 0 },
    effects: [{ kind: "sendRoutes" }],
    reasons: [told],
  };
}

function onStop(state: BgpState): BgpDecision {
  const close: BgpEffect = { kind: "close" };
  const cease: BgpEffect = { kind: "sendNotification", notification: NOTIFICATION.administrativeShutdown };
  return {
    state: BGP_STOPPED,
    effects: isTalking(state) ? [cease, close] : isOn(state) ? [close] : [],
    reasons: [],
  };
}
