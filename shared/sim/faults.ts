import { queryStore } from "../decide/kv/store.ts";
import type { Members } from "../effect/raft.ts";
import { ask, askForMembers, holderOf, isolate, leaderOf, onLeader, withoutVoter } from "./aim.ts";
import { layAmbush } from "./ambush.ts";
import { corrupt } from "./disk.ts";
import { LOCK_KEY } from "./guard.ts";
import { feed, setClockRate, startDisk, type SimNode } from "./node.ts";
import { LEADER, type Fault } from "./schedule.ts";
import type { World } from "./world.ts";

type NodeFault = Exclude<
  Fault,
  {
    kind:
      "cut" | "transfer" | "isolateLeader" | "powerLoss" | "shortReigns" | "crashAfterVote" | "cutHolder" | "ambush";
  }
>;

/** Carries one fault of the schedule out, and plans its end. */
export function applyFault(world: World, fault: Fault): void {
  if (fault.kind === "cut") {
    for (const [from, to] of fault.pairs) world.cut(from, to, 1);
    world.call(world.nowMs + fault.forMs, () => {
      for (const [from, to] of fault.pairs) world.cut(from, to, -1);
    });
    return;
  }
  if (fault.kind === "transfer") {
    onLeader(world, (leader) => ask(world, leader, { kind: "transfer", to: `n${fault.to}` }));
    return;
  }
  if (fault.kind === "isolateLeader") {
    onLeader(world, (leader) => isolate(world, leader, fault.direction, fault.forMs));
    return;
  }
  if (fault.kind === "cutHolder") {
    const holder = holderOf(world);
    if (holder === undefined) return;
    holder.wallOffsetMs += fault.jumpMs;
    isolate(world, holder, "both", fault.forMs);
    return;
  }
  if (fault.kind === "powerLoss") {
    for (const node of world.nodes) {
      world.stopNode(node, true);
      world.call(world.nowMs + fault.downMs * (1 + world.random.fraction()), () => world.startNode(node));
    }
    return;
  }
  if (fault.kind === "shortReigns") {
    world.shortReigns = { ...fault };
    const reigning = leaderOf(world);
    if (reigning !== undefined) world.endReign(reigning, world.shortReigns);
    return;
  }
  if (fault.kind === "crashAfterVote") {
    world.crashesAfterVote = fault.count;
    return;
  }
  if (fault.kind === "ambush") {
    layAmbush(world, fault);
    return;
  }
  const index = fault.kind === "fence" ? fault.by : fault.node;
  const node = index === LEADER ? leaderOf(world) : world.nodes[index];
  if (node === undefined) return;
  world.say(node, `fault ${JSON.stringify(fault)}`);
  applyToNode(world, node, fault);
}

function applyToNode(world: World, node: SimNode, fault: NodeFault): void {
  const later = (ms: number, call: () => void): void => world.call(world.nowMs + ms, call);
  switch (fault.kind) {
    case "crash":
      world.stopNode(node, fault.powerCut);
      later(fault.downMs, () => world.startNode(node));
      break;
    case "corrupt":
      world.stopNode(node, true);
      if (corrupt(node.disk, world.random)) world.say(node, "a sector is damaged");
      later(fault.downMs, () => world.startNode(node));
      break;
    case "pause":
      world.pauseNode(node);
      later(fault.forMs, () => world.resumeNode(node));
      break;
    case "drift":
      setClockRate(node, fault.rate, world.nowMs);
      break;
    case "wallJump":
      node.wallOffsetMs += fault.byMs;
      world.tally.count("wall clock jump");
      break;
    case "delay":
      node.delayMs += fault.byMs;
      later(fault.forMs, () => (node.delayMs = Math.max(0, node.delayMs - fault.byMs)));
      break;
    case "slowDisk":
      node.disk.slowMs += fault.byMs;
      later(fault.forMs, () => (node.disk.slowMs = Math.max(0, node.disk.slowMs - fault.byMs)));
      break;
    case "fullDisk":
      node.disk.full = true;
      later(fault.forMs, () => freeDisk(world, node));
      break;
    case "diskError":
      node.disk.error = { at: fault.error, downMs: fault.downMs };
      break;
    case "lyingDisk":
      node.disk.lies = true;
      break;
    case "learner":
      changeMembers(world, (members) => withLearner(members, node.id, fault.promote));
      if (fault.promote) later(150, () => changeMembers(world, (members) => withLearner(members, node.id, true)));
      break;
    case "removeVoter":
      changeMembers(world, (members) => withoutVoter(members, node.id, 2));
      break;
    case "hangAgent":
      if (node.guard !== null) node.guard.hangMs = fault.forMs;
      later(1000, () => node.guard !== null && (node.guard.hangMs = 0));
      break;
    case "fence":
      fence(world, node, fault.outcome);
      break;
  }
}

export function freeDisk(world: World, node: SimNode): void {
  node.disk.full = false;
  startDisk(world, node);
}

function changeMembers(world: World, change: (members: Members) => Members | null): void {
  onLeader(world, (leader) => askForMembers(world, leader, change));
}

function withLearner(members: Members, id: string, promote: boolean): Members | null {
  if (members.voters.includes(id)) return null;
  if (!members.learners.includes(id)) return { ...members, learners: [...members.learners, id] };
  if (!promote) return null;
  return { voters: [...members.voters, id], learners: members.learners.filter((learner) => learner !== id) };
}

/** A node has the holder of the lock powered off; what it is told may be late, wrong way round, or missing. */
function fence(world: World, by: SimNode, outcome: "success" | "failure" | "timeout"): void {
  if (by.replica === null || by.guard === null) return;
  const record = queryStore(by.replica.store, { key: LOCK_KEY, prefix: false }).records[0];
  const target = world.nodes.find((node) => node.id === record?.value);
  if (record === undefined || target === undefined || target === by) return;
  const off = outcome === "success" || (outcome === "timeout" && world.random.chance(0.5));
  const offMs = world.nowMs + 20 + world.random.fraction() * 100;
  if (off) {
    world.call(offMs, () => {
      world.stopNode(target, true);
      target.guard?.powerOff();
      world.call(world.nowMs + 150, () => world.startNode(target));
    });
  }
  if (outcome === "success") {
    const lifeOfBy = by.life;
    world.call(offMs + 5, () => {
      if (by.life === lifeOfBy) by.guard?.feed({ kind: "fenced", lease: record.lease });
    });
  }
}

/** Ends all that goes wrong. */
export function mendAll(world: World): void {
  world.noisy = false;
  world.shortReigns = null;
  world.crashesAfterVote = 0;
  world.traps.clear();
  world.onlyReads = false;
  world.mendLinks();
  for (const node of world.nodes) {
    node.delayMs = 0;
    node.disk.slowMs = 0;
    node.disk.error = null;
    if (node.disk.full) freeDisk(world, node);
    if (node.paused) world.resumeNode(node);
    if (node.guard !== null) node.guard.hangMs = 0;
    world.startNode(node);
    if (node.replica !== null) feed(world, node, [{ kind: "tick" }]);
  }
}
