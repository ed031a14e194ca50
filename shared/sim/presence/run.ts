import { SafetyViolation } from "../check/log.ts";
import type { QuorumOptions } from "../../decide/quorum/quorum.ts";
import type { Outcome } from "../run.ts";
import { mendPresence } from "./faults.ts";
import type { PresenceSchedule } from "./schedule.ts";
import { PresenceWorld } from "./world.ts";

/** After all is mended: silence ends, flapping is forgiven, watchdogs have bitten and hosts are up again. */
export const PRESENCE_HEAL_BOUND_MS = 20_000;
const HEAL_STEP_MS = 250;
/** Runs one schedule to its end. The same schedule always gives the same outcome. */
export function runPresence(schedule: PresenceSchedule, traced = false): Outcome {
  let world: PresenceWorld | null = null;
  try {
    world = new PresenceWorld(schedule, traced);
    world.runUntil(schedule.chaosMs);
    mendPresence(world);
    let illness = heal(world);
    if (illness === null) illness = finale(world);
    if (illness !== null) return { kind: "liveness", what: illness, trace: world.trace ?? [] };
    const { events, starts, nowMs, tally } = world;
    const stats = { events, committed: 0, answered: starts, virtualMs: nowMs, met: tally.counts };
    return { kind: "ok", stats };
  } catch (error) {
    const trace = world?.trace ?? [];
    if (error instanceof SafetyViolation) return { kind: "safety", what: error.message, trace };
    const what = error instanceof Error ? (traced ? (error.stack ?? error.message) : error.message) : String(error);
    return { kind: "crash", what, trace };
  }
}

function heal(world: PresenceWorld): string | null {
  const deadlineMs = world.nowMs + PRESENCE_HEAL_BOUND_MS;
  let illness: string | null = null;
  while (world.nowMs < deadlineMs) {
    world.runUntil(world.nowMs + HEAL_STEP_MS);
    illness = illnessOf(world);
    if (illness === null) return null;
  }
  return illness;
}

function illnessOf(world: PresenceWorld): string | null {
  for (const member of world.members) {
    if (!member.running || member.paused) return `${member.name} is down`;
    const members = member.view?.members ?? [];
    if (members.length !== world.names.length) return `${member.name} sees only ${members.join("")}`;
    if (member.outcome?.quorate !== true) return `${member.name} has no quorum`;
  }
  const active = world.members.filter((member) => member.active);
  return active.length === 1 ? null : `the service runs ${active.length} times`;
}

/** How long the last, lasting cut may take to be understood by all. */
const UNDERSTAND_MS = 9000;

/** After the lasting cut: every side knows who belongs to it, one has quorum at most, and the service runs there alone. */
function finale(world: PresenceWorld): string | null {
  const { finale: pairs, quorum, policy, watchdog, fencing } = world.schedule;
  if (pairs.length === 0) return null;
  const lost = new Set(pairs.map(([from, to]) => `${from} ${to}`));
  world.lasting = lost;
  world.runUntil(world.nowMs + UNDERSTAND_MS);
  // Fencing ends what the rest would have to understand.
  if (fencing || quorum.twoNode) return null;
  const mutual = (a: number, b: number): boolean => a === b || (!lost.has(`${a} ${b}`) && !lost.has(`${b} ${a}`));
  for (const member of world.members) {
    const linked = world.members.filter((other) => mutual(member.index, other.index));
    const names = linked.map((other) => other.name);
    const expected = quorumWith(quorum, names);
    // Which of two nodes that are cut off has the disk's vote, only the disk knows.
    if (quorum.witness?.disk === true && names.length === 1) continue;
    if (member.hostUp && member.outcome?.quorate !== expected) {
      return `${member.name} has ${expected ? "no " : ""}quorum and talks with ${names.join("")}`;
    }
  }
  const quorate = world.members.filter((member) => member.outcome?.quorate === true);
  if (quorum.witness?.disk === true && quorate.length === 0) return "after a lasting cut nobody has the disk's vote";
  const stops = policy === "stop" || policy === "demote" || policy === "suicide";
  if (!stops || !watchdog || !quorate.some((one) => quorum.nodes.some((node) => node.name === one.name))) return null;
  const active = world.members.filter((member) => member.active);
  return active.length === 1 && active[0]?.outcome?.quorate === true
    ? null
    : `after a lasting cut the service runs ${active.length} times`;
}

/** What the rules say of nodes that can talk with each other, counted apart from the code under test. */
function quorumWith(quorum: QuorumOptions, names: readonly string[]): boolean {
  const all = [...quorum.nodes, ...(quorum.witness === null ? [] : [quorum.witness])];
  const total = all.reduce((sum, node) => sum + node.votes, 0);
  const here = all.reduce((sum, node) => sum + (names.includes(node.name) ? node.votes : 0), 0);
  if (here * 2 !== total) return here * 2 > total;
  const { autoTieBreaker } = quorum;
  if (autoTieBreaker === "none") return false;
  const sorted = quorum.nodes.map((node) => node.name).sort();
  const chosen =
    autoTieBreaker === "lowest" ? sorted[0] : autoTieBreaker === "highest" ? sorted.at(-1) : autoTieBreaker[0];
  return chosen !== undefined && names.includes(chosen);
}
