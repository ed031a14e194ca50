/**
 * When a server counts as up: results of checks go in, a new state comes out. Pure.
 * Source: the manual's chapters on `rise`, `fall`, `inter`, `fastinter`, `downinter`, `slowstart`.
 */
import type { ServerCheck } from "../model/server.ts";

/** What the operator (or `disabled`, or an agent) asked for, over what checks say. */
export type AdminState = "ready" | "drain" | "maint";

export interface HealthState {
  readonly up: boolean;
  /** Good results in a row while down, bad ones in a row while up. */
  readonly streak: number;
  readonly admin: AdminState;
  /** What the server that this one tracks is asked for. */
  readonly inherited: AdminState;
  /** An agent says that it is down: good checks don't bring it up. */
  readonly agentDown: boolean;
  /** A 404 with `disable-on-404`: finishes what it has, gets nothing new. */
  readonly stopping: boolean;
  readonly changedMs: number;
  /** The last result in the words of the protocol: L4OK, L7STS … */
  readonly lastStatus: string;
  readonly lastCode: number | undefined;
  readonly lastDurationMs: number;
  readonly lastDetail: string;
}

export interface CheckOutcome {
  readonly passed: boolean;
  /** Passed, but with the answer that `disable-on-404` means. */
  readonly stopping: boolean;
  readonly status: string;
  readonly code: number | undefined;
  readonly durationMs: number;
  readonly detail: string;
}

/** Servers start up, and checks take them down: an empty start would be an outage of its own. */
export function startHealth(disabled: boolean, nowMs: number): HealthState {
  return {
    up: true,
    streak: 0,
    admin: disabled ? "maint" : "ready",
    inherited: "ready",
    agentDown: false,
    stopping: false,
    changedMs: nowMs,
    lastStatus: "",
    lastCode: undefined,
    lastDurationMs: 0,
    lastDetail: "",
  };
}

export interface HealthStep {
  readonly state: HealthState;
  readonly change: "up" | "down" | "stopping" | "running" | undefined;
}

/** Takes in one result. The first check after the start decides alone: a server that is down then gets no grace. */
export function applyCheck(before: HealthState, outcome: CheckOutcome, check: ServerCheck, nowMs: number): HealthStep {
  const first = before.lastStatus === "";
  const known = {
    ...before,
    lastStatus: outcome.status,
    lastCode: outcome.code,
    lastDurationMs: outcome.durationMs,
    lastDetail: outcome.detail,
  };
  if (outcome.passed === before.up) {
    const state = { ...known, streak: 0 };
    if (!before.up || outcome.stopping === before.stopping) return { state, change: undefined };
    const change = outcome.stopping ? "stopping" : "running";
    return { state: { ...state, stopping: outcome.stopping, changedMs: nowMs }, change };
  }
  if (before.agentDown)
    return { state: { ...known, streak: Math.min(before.streak + 1, check.rise) }, change: undefined };
  const streak = before.streak + 1;
  const needed = before.up ? (first ? 1 : check.fall) : check.rise;
  if (streak < needed) return { state: { ...known, streak }, change: undefined };
  const up = outcome.passed;
  const state = { ...known, up, streak: 0, stopping: up && outcome.stopping, changedMs: nowMs };
  return { state, change: up ? "up" : "down" };
}

/**
 * Takes in what an agent says of the state. Up again it is only when checks, where there are any, find it up, too.
 */
export function applyAgent(before: HealthState, says: "up" | "down", check: ServerCheck, nowMs: number): HealthStep {
  if (says === "down") {
    const state = { ...before, agentDown: true };
    if (!before.up) return { state, change: undefined };
    // Checks found it up: that counts as soon as the agent lets it.
    return { state: { ...state, up: false, streak: check.rise, changedMs: nowMs }, change: "down" };
  }
  const state = { ...before, agentDown: false };
  if (before.up || !before.agentDown) return { state, change: undefined };
  if (check.enabled && before.streak < check.rise) return { state, change: undefined };
  return { state: { ...state, up: true, streak: 0, changedMs: nowMs }, change: "up" };
}

/** Until the next check: quick while the state is changing, slow while fully down. */
export function nextCheckInMs(state: HealthState, check: ServerCheck): number {
  if (state.streak > 0 && !state.agentDown) return check.fastIntervalMs ?? check.intervalMs;
  return state.up ? check.intervalMs : (check.downIntervalMs ?? check.intervalMs);
}

/** May it get new requests that nothing ties to it? */
export function isUsable(state: HealthState): boolean {
  return state.up && state.admin === "ready" && state.inherited === "ready" && !state.stopping;
}

/** May it get requests that belong to it (cookie, stick table)? Draining servers may. */
export function takesPersistent(state: HealthState): boolean {
  return state.up && state.admin !== "maint" && state.inherited !== "maint";
}

/** Shares of its weight that a server has after `slowstart` began. */
const SLOW_START_STEPS = 20;

/** The weight in force: rises from a twentieth to the whole within `slowStartMs` after it came up. */
export function weightInForce(weight: number, sinceUpMs: number, slowStartMs: number | undefined): number {
  if (slowStartMs === undefined || slowStartMs <= 0 || sinceUpMs >= slowStartMs || weight === 0) return weight;
  const step = Math.floor((sinceUpMs * SLOW_START_STEPS) / slowStartMs) + 1;
  return Math.max(1, Math.floor((weight * step) / SLOW_START_STEPS));
}

/** `UP`, `DOWN 1/2`, `UP 2/3`, `NOLB`, `DRAIN`, `MAINT`, `no check`: as the status page shows it. */
export function statusText(state: HealthState, check: ServerCheck, hasAddress = true, tracked = ""): string {
  if (state.admin === "maint") return "MAINT";
  if (!hasAddress) return "MAINT (resolution)";
  if (state.inherited === "maint") return `MAINT (via ${tracked})`;
  if (state.agentDown && !state.up) return "DOWN (agent)";
  if (state.admin === "drain" || state.inherited === "drain") return state.up ? "DRAIN" : "DOWN";
  if (!check.enabled) return state.up ? "no check" : "DOWN";
  if (state.up) {
    if (state.stopping) return "NOLB";
    return state.streak > 0 ? `UP ${check.fall - state.streak}/${check.fall}` : "UP";
  }
  return state.streak > 0 ? `DOWN ${state.streak}/${check.rise}` : "DOWN";
}
