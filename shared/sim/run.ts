import { writeStore } from "../decide/kv/snapshot.ts";
import { membersOf } from "../decide/raft/log.ts";
import { SafetyViolation } from "./check/log.ts";
import { checkHistory } from "./check/linearizability.ts";
import { mendAll } from "./faults.ts";
import type { Schedule } from "./schedule.ts";
import { World } from "./world.ts";

/** How one schedule ended. */
export type Outcome =
  | { readonly kind: "ok"; readonly stats: RunStats }
  | { readonly kind: "safety" | "liveness" | "crash"; readonly what: string; readonly trace: readonly string[] };

export interface RunStats {
  readonly events: number;
  readonly committed: number;
  readonly answered: number;
  readonly virtualMs: number;
  /** What of the faults and moments was really met. */
  readonly met: Readonly<Record<string, number>>;
}

/** After everything is mended, the cluster has this long to be whole again. */
export const HEAL_BOUND_MS = 3000;
const HEAL_STEP_MS = 100;

/** Runs one schedule to its end. The same schedule always gives the same outcome. */
export function runSchedule(schedule: Schedule, traced = false): Outcome {
  let world: World | null = null;
  try {
    world = new World(schedule, traced);
    world.runUntil(schedule.chaosMs);
    mendAll(world);
    const illness = heal(world);
    checkClients(world);
    if (illness !== null) return { kind: "liveness", what: illness, trace: world.trace ?? [] };
    checkStoresEqual(world);
    return { kind: "ok", stats: statsOf(world) };
  } catch (error) {
    const trace = world?.trace ?? [];
    if (error instanceof SafetyViolation) return { kind: "safety", what: error.message, trace };
    const what = error instanceof Error ? (traced ? (error.stack ?? error.message) : error.message) : String(error);
    return { kind: "crash", what, trace };
  }
}

function statsOf(world: World): RunStats {
  return {
    events: world.events,
    committed: world.checker.committed.length,
    answered: world.clients.reduce((sum, client) => sum + client.answered, 0),
    virtualMs: world.nowMs,
    met: world.tally.counts,
  };
}

/** Lets the mended cluster run until it is whole and every client got another answer. Gives what is wrong, or null. */
function heal(world: World): string | null {
  const before = world.clients.map((client) => client.answered);
  const deadlineMs = world.nowMs + HEAL_BOUND_MS;
  let illness: string | null = null;
  while (world.nowMs < deadlineMs) {
    world.runUntil(world.nowMs + HEAL_STEP_MS);
    for (const [at, client] of world.clients.entries()) client.stopped = client.answered > (before[at] ?? 0);
    illness = illnessOf(world, before);
    if (illness === null) return null;
  }
  return illness;
}

function illnessOf(world: World, before: readonly number[]): string | null {
  const leaders = world.nodes.filter((node) => node.replica !== null && node.replica.raft.leadership !== null);
  const leader = leaders[0]?.replica;
  if (leader === undefined || leader === null || leaders.length !== 1) return `${leaders.length} leaders`;
  if (world.clients.some((client, at) => client.answered <= (before[at] ?? 0))) return "a client gets no answer";
  const members = membersOf(leader.raft.log);
  for (const node of world.nodes) {
    if (!members.voters.includes(node.id) && !members.learners.includes(node.id)) continue;
    if (node.refused) continue;
    if (node.replica === null) return `${node.id} is down`;
    if (node.replica.raft.recovering) return `${node.id} has not recovered its log`;
    if (node.replica.appliedIndex !== leader.appliedIndex) return `${node.id} lags behind`;
  }
  return null;
}

function checkClients(world: World): void {
  for (const client of world.clients) client.close();
  const history = world.clients.flatMap((client) => client.history);
  const { verdict, key } = checkHistory(history);
  world.tally.count(`history ${verdict}`);
  if (verdict === "violated") throw new SafetyViolation("linearizable", `no order explains the answers for key ${key}`);
}

function checkStoresEqual(world: World): void {
  const texts = new Map<number, string>();
  for (const node of world.nodes) {
    if (node.replica === null) continue;
    const text = writeStore(node.replica.store);
    const known = texts.get(node.replica.appliedIndex);
    if (known === undefined) texts.set(node.replica.appliedIndex, text);
    else if (known !== text) throw new SafetyViolation("state machines equal", `${node.id} holds another state`);
  }
}
