import type { CommandResult } from "../../effect/kv.ts";
import { holdLease, isHeld, renewed, stopDueMs, type LeaseHolder } from "./holder.ts";

/**
 * Keeps one resource active on at most one node. The guard of each node takes a lease, then the lock key under it, starts the
 * resource only while it surely holds both, renews in time, and stops the resource early enough that it is down before
 * anyone else can take over. A watchdog, armed by every confirmed renewal, kills the resource when even the guard stalls.
 * Times are this node's monotonic clock.
 */
export interface GuardOptions {
  readonly ttlMs: number;
  readonly driftRatio: number;
  /** How long a stop may take before the watchdog's time. */
  readonly stopBudgetMs: number;
  /** How long to wait before trying for a lock that another node holds. */
  readonly retryMs: number;
}

export type GuardAsk =
  | { readonly kind: "grant"; readonly ttlMs: number }
  | { readonly kind: "lock"; readonly lease: number }
  | { readonly kind: "keepAlive"; readonly lease: number }
  | { readonly kind: "revoke"; readonly lease: number };

export type GuardEffect =
  | { readonly kind: "ask"; readonly id: number; readonly ask: GuardAsk }
  | { readonly kind: "start"; readonly epoch: number }
  | { readonly kind: "stop" }
  /** The resource must be dead at this time, whatever becomes of the guard. */
  | { readonly kind: "armWatchdog"; readonly atMs: number };

/** `alive`: the renewal was confirmed; `lost`: no answer, or the outcome is unknown. */
export type GuardAnswer =
  { readonly kind: "result"; readonly result: CommandResult } | { readonly kind: "alive" } | { readonly kind: "lost" };

export type GuardEvent =
  | { readonly kind: "tick" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: GuardAnswer }
  /** The lock key was seen to go away. */
  | { readonly kind: "lockFree" }
  | { readonly kind: "stopped" }
  /** Fencing of a node is confirmed; `lease` is the one it held when fencing was asked for. */
  | { readonly kind: "fenced"; readonly lease: number };

export interface Guard {
  readonly options: GuardOptions;
  phase: "idle" | "granting" | "locking" | "held" | "stopping";
  holder: LeaseHolder | null;
  nextId: number;
  asked: { readonly id: number; readonly sentMs: number; readonly ask: GuardAsk } | null;
  retryDueMs: number;
  /** Until when the watchdog lets the resource live; no new start before it has passed. */
  watchdogMs: number;
}

export function createGuard(options: GuardOptions, nowMs: number): Guard {
  if (!(options.stopBudgetMs * 2 < options.ttlMs)) throw new Error("a stop must take less than half the lease");
  return { options, phase: "idle", holder: null, nextId: 1, asked: null, retryDueMs: nowMs, watchdogMs: nowMs };
}

export function stepGuard(guard: Guard, event: GuardEvent, nowMs: number): readonly GuardEffect[] {
  const effects: GuardEffect[] = [];
  switch (event.kind) {
    case "answer":
      onAnswer(guard, event.id, event.answer, nowMs, effects);
      break;
    case "lockFree":
      if (guard.phase === "idle") guard.retryDueMs = nowMs;
      break;
    case "stopped":
      if (guard.phase === "stopping") giveUp(guard, nowMs, effects);
      break;
    case "fenced":
      ask(guard, { kind: "revoke", lease: event.lease }, nowMs, effects);
      break;
    case "tick":
      break;
  }
  onTime(guard, nowMs, effects);
  return effects;
}

/** When to feed the next `tick`. */
export function nextGuardDeadlineMs(guard: Guard): number {
  const { holder } = guard;
  if (guard.phase === "idle") return Math.max(guard.retryDueMs, guard.watchdogMs);
  if (holder === null) return guard.retryDueMs;
  const stopMs = guard.phase === "stopping" ? holder.heldUntilMs : stopDueMs(holder, guard.options.stopBudgetMs);
  return guard.asked === null ? Math.min(stopMs, holder.renewDueMs) : Math.min(stopMs, guard.retryDueMs);
}

function ask(guard: Guard, what: GuardAsk, nowMs: number, effects: GuardEffect[]): void {
  const id = guard.nextId;
  guard.nextId += 1;
  // A revocation of another node's lease expects no answer that matters here.
  if (what.kind !== "revoke") {
    guard.asked = { id, sentMs: nowMs, ask: what };
    guard.retryDueMs = nowMs + guard.options.ttlMs / 3;
  }
  effects.push({ kind: "ask", id, ask: what });
}

function onTime(guard: Guard, nowMs: number, effects: GuardEffect[]): void {
  const { holder, options } = guard;
  if (guard.phase === "idle") {
    if (nowMs < guard.retryDueMs || nowMs < guard.watchdogMs) return;
    guard.phase = "granting";
    ask(guard, { kind: "grant", ttlMs: options.ttlMs }, nowMs, effects);
    return;
  }
  if (guard.phase === "granting") {
    if (nowMs >= guard.retryDueMs) becomeIdle(guard, nowMs);
    return;
  }
  if (holder === null) throw new Error(`${guard.phase} without a lease`);
  if (guard.phase === "stopping") {
    if (!isHeld(holder, nowMs)) giveUp(guard, nowMs, effects);
    return;
  }
  if (nowMs >= stopDueMs(holder, options.stopBudgetMs)) {
    if (guard.phase === "held") effects.push({ kind: "stop" });
    guard.phase = "stopping";
    guard.asked = null;
    return;
  }
  const silent = guard.asked !== null && nowMs >= guard.retryDueMs;
  if (silent && guard.phase === "locking") giveUp(guard, nowMs, effects);
  else if (silent || (guard.asked === null && nowMs >= holder.renewDueMs)) {
    ask(guard, { kind: "keepAlive", lease: holder.lease }, nowMs, effects);
  }
}

function onAnswer(guard: Guard, id: number, answer: GuardAnswer, nowMs: number, effects: GuardEffect[]): void {
  const asked = guard.asked;
  if (asked === null || asked.id !== id) return;
  guard.asked = null;
  const { options } = guard;
  if (asked.ask.kind === "grant") {
    const lease = answer.kind === "result" && answer.result.ok ? answer.result.lease : undefined;
    if (lease === undefined) {
      becomeIdle(guard, nowMs);
      return;
    }
    guard.holder = holdLease(lease, options.ttlMs, 0, asked.sentMs, options.driftRatio);
    guard.phase = "locking";
    ask(guard, { kind: "lock", lease }, nowMs, effects);
  } else if (asked.ask.kind === "lock") {
    onLockAnswer(guard, answer, nowMs, effects);
  } else if (answer.kind === "alive" && guard.holder !== null) {
    guard.holder = renewed(guard.holder, asked.sentMs, options.driftRatio);
    guard.watchdogMs = guard.holder.heldUntilMs;
    effects.push({ kind: "armWatchdog", atMs: guard.watchdogMs });
  } else if (answer.kind === "result" && guard.phase === "held") {
    // The lease is gone: whoever ended it may start at any moment.
    effects.push({ kind: "stop" });
    guard.phase = "stopping";
  } else {
    guard.retryDueMs = nowMs + options.ttlMs / 12;
    guard.asked = asked;
  }
}

function onLockAnswer(guard: Guard, answer: GuardAnswer, nowMs: number, effects: GuardEffect[]): void {
  const { holder, options } = guard;
  if (holder === null) throw new Error("a lock without a lease");
  const won = answer.kind === "result" && answer.result.ok;
  if (!won || nowMs >= stopDueMs(holder, options.stopBudgetMs)) {
    giveUp(guard, nowMs, effects);
    return;
  }
  guard.phase = "held";
  guard.holder = { ...holder, epoch: answer.result.revision };
  guard.watchdogMs = holder.heldUntilMs;
  effects.push({ kind: "armWatchdog", atMs: guard.watchdogMs }, { kind: "start", epoch: answer.result.revision });
}

/** The resource is down, or was never started: the lease may go. */
function giveUp(guard: Guard, nowMs: number, effects: GuardEffect[]): void {
  if (guard.holder !== null)
    effects.push({ kind: "ask", id: guard.nextId++, ask: { kind: "revoke", lease: guard.holder.lease } });
  becomeIdle(guard, nowMs);
}

function becomeIdle(guard: Guard, nowMs: number): void {
  guard.phase = "idle";
  guard.holder = null;
  guard.asked = null;
  guard.retryDueMs = nowMs + guard.options.retryMs;
}
