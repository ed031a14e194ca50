/**
 * One BFD session in asynchronous mode: RFC 5880 section 6.8. Pure: time is an argument, and so is the random number
 * that spreads the packets of many sessions.
 */
import {
  BFD_DIAGNOSTIC,
  BFD_SLOW_MS,
  type BfdPacket,
  type BfdSettings,
  type BfdStateName,
} from "../../model/bfd/bfd.ts";

/** Names in the RFC are given beside. */
export interface BfdSession {
  /** bfd.SessionState */
  readonly state: BfdStateName;
  /** bfd.LocalDiag */
  readonly diagnostic: number;
  /** bfd.LocalDiscr, bfd.RemoteDiscr */
  readonly mine: number;
  readonly theirs: number;
  /** bfd.RemoteMinRxInterval, and the peer's Desired Min TX Interval and Detect Mult, as last heard. */
  readonly remoteMinRxUs: number;
  readonly remoteMinTxUs: number;
  readonly remoteMultiplier: number;
  /** What we ask for in packets: slow until the session is up. */
  readonly desiredMinTxMs: number;
  /** A change of that isn't confirmed yet: packets carry the Poll bit. */
  readonly polling: boolean;
  readonly sendAtMs: number;
  /** When silence means that the path is down; Infinity when nothing was heard. */
  readonly detectAtMs: number;
}

export type BfdEvent =
  | { readonly kind: "time"; readonly random: number }
  | { readonly kind: "packet"; readonly packet: BfdPacket; readonly random: number }
  /** Tells the peer that we leave on purpose, so that it doesn't take it for a failure. */
  | { readonly kind: "stop" };

export interface BfdDecision {
  readonly session: BfdSession;
  /** To be sent at once. */
  readonly send: readonly BfdPacket[];
  /** The session came up, or went down and why. */
  readonly change?: { readonly kind: "up" } | { readonly kind: "down"; readonly why: string };
}

const NEVER = Number.POSITIVE_INFINITY;
const US_PER_MS = 1_000;
/** Packets leave after 75 to 100 % of the interval, RFC 5880 section 6.8.7; with multiplier 1 after 75 to 90 %. */
const LEAST_PART = 0.75;

/** @param mine our discriminator: not 0, and no other session's on this host */
export function newBfdSession(mine: number, nowMs: number): BfdSession {
  return {
    state: "down",
    diagnostic: BFD_DIAGNOSTIC.none,
    mine,
    theirs: 0,
    remoteMinRxUs: 1,
    remoteMinTxUs: 0,
    remoteMultiplier: 0,
    desiredMinTxMs: BFD_SLOW_MS,
    polling: false,
    sendAtMs: nowMs,
    detectAtMs: NEVER,
  };
}

export function bfdDeadline({ detectAtMs, sendAtMs }: BfdSession): number {
  return Math.min(sendAtMs, detectAtMs);
}

/** How long silence may last, ms: the peer's multiplier times the slower of what it sends and we want (section 6.8.4). */
export function detectionMs(session: BfdSession, settings: BfdSettings): number {
  const intervalMs = Math.max(settings.intervalMs, session.remoteMinTxUs / US_PER_MS);
  return session.remoteMultiplier * intervalMs;
}

/** How often we may send, ms; Infinity when the peer wants nothing (section 6.8.7). */
function transmitMs(session: BfdSession): number {
  if (session.remoteMinRxUs === 0) return NEVER;
  return Math.max(session.desiredMinTxMs, session.remoteMinRxUs / US_PER_MS);
}

function nextSendMs(session: BfdSession, settings: BfdSettings, nowMs: number, random: number): number {
  const most = settings.multiplier === 1 ? 0.9 : 1;
  return nowMs + transmitMs(session) * (LEAST_PART + (most - LEAST_PART) * random);
}

export function bfdPacket(session: BfdSession, settings: BfdSettings, final = false): BfdPacket {
  return {
    state: session.state,
    diagnostic: session.diagnostic,
    poll: session.polling && !final,
    final,
    multiplier: settings.multiplier,
    myDiscriminator: session.mine,
    yourDiscriminator: session.theirs,
    desiredMinTxUs: Math.round(session.desiredMinTxMs * US_PER_MS),
    requiredMinRxUs: Math.round(settings.intervalMs * US_PER_MS),
  };
}

/** One step of a session. The same session, event and time always give the same decision. */
export function decideBfd(settings: BfdSettings, session: BfdSession, event: BfdEvent, nowMs: number): BfdDecision {
  switch (event.kind) {
    case "time":
      return onTime(settings, session, event.random, nowMs);
    case "packet":
      return onPacket(settings, session, event.packet, event.random, nowMs);
    case "stop": {
      const left: BfdSession = { ...session, state: "adminDown", diagnostic: BFD_DIAGNOSTIC.administrative };
      const silent: BfdSession = { ...left, polling: false, sendAtMs: NEVER, detectAtMs: NEVER };
      return { session: silent, send: [bfdPacket(silent, settings)] };
    }
  }
}

function onTime(settings: BfdSettings, session: BfdSession, random: number, nowMs: number): BfdDecision {
  if (nowMs >= session.detectAtMs) {
    const silentMs = Math.round(detectionMs(session, settings));
    const wasUp = session.state === "up" || session.state === "init";
    const down = slow({
      ...session,
      state: "down",
      // Only a session that was coming up or up has something to tell of.
      diagnostic: wasUp ? BFD_DIAGNOSTIC.timeExpired : session.diagnostic,
      theirs: 0,
      remoteMinRxUs: 1,
      detectAtMs: NEVER,
      sendAtMs: nowMs,
    });
    const why = `nothing heard for ${silentMs} ms`;
    return { session: down, send: [], ...(session.state === "up" ? { change: { kind: "down", why } as const } : {}) };
  }
  if (nowMs < session.sendAtMs) return { session, send: [] };
  const sent: BfdSession = { ...session, sendAtMs: nextSendMs(session, settings, nowMs, random) };
  return { session: sent, send: [bfdPacket(sent, settings)] };
}

/** Not up: at most one packet a second. */
function slow(session: BfdSession): BfdSession {
  return { ...session, desiredMinTxMs: BFD_SLOW_MS, polling: false };
}

/** Section 6.8.6, after the packet has been checked and found to be this session's. */
function onPacket(
  settings: BfdSettings,
  before: BfdSession,
  packet: BfdPacket,
  random: number,
  nowMs: number,
): BfdDecision {
  if (before.state === "adminDown") return { session: before, send: [] };
  const heard: BfdSession = {
    ...before,
    theirs: packet.myDiscriminator,
    remoteMinRxUs: packet.requiredMinRxUs,
    remoteMinTxUs: packet.desiredMinTxUs,
    remoteMultiplier: packet.multiplier,
    polling: before.polling && !packet.final,
  };
  const state = nextState(heard.state, packet.state);
  let session: BfdSession = { ...heard, state, detectAtMs: nowMs + detectionMs(heard, settings) };
  let change: BfdDecision["change"];
  if (state !== before.state) {
    if (state === "up") {
      session = { ...session, desiredMinTxMs: settings.intervalMs, polling: true, diagnostic: BFD_DIAGNOSTIC.none };
      change = { kind: "up" };
    } else if (state === "down") {
      session = slow({ ...session, diagnostic: BFD_DIAGNOSTIC.neighbourDown });
      const why = packet.state === "adminDown" ? "the peer has switched it off" : "the peer says that it is down";
      if (before.state === "up") change = { kind: "down", why };
    }
    session = { ...session, sendAtMs: nowMs };
  } else if (transmitMs(session) < transmitMs(before)) {
    session = { ...session, sendAtMs: Math.min(session.sendAtMs, nextSendMs(session, settings, nowMs, random)) };
  }
  const send = packet.poll ? [bfdPacket(session, settings, true)] : [];
  return { session, send, ...(change === undefined ? {} : { change }) };
}

function nextState(mine: BfdStateName, theirs: BfdStateName): BfdStateName {
  if (theirs === "adminDown") return "down";
  switch (mine) {
    case "adminDown":
      return mine;
    case "down":
      if (theirs === "down") return "init";
      return theirs === "init" ? "up" : mine;
    case "init":
      return theirs === "init" || theirs === "up" ? "up" : mine;
    case "up":
      return theirs === "down" ? "down" : mine;
  }
}
