import type { PresenceMember } from "./member.ts";
import { ACTIVE, NEXT, WATCHDOG_MS, type Direction, type PresenceFault } from "./schedule.ts";
import type { PresenceWorld } from "./world.ts";

/** A delay grows step by step: one that comes all at once looks like a loss. */
const DELAY_STEPS = 10;
const DELAY_RAMP_MS = 1500;

/** Carries one fault of the schedule out, and plans its end. */
export function applyPresenceFault(world: PresenceWorld, fault: PresenceFault): void {
  world.say("-", JSON.stringify(fault));
  world.tally.count(fault.kind);
  if (fault.kind === "cut") {
    const links = fault.link === null ? world.links.map((_, at) => at) : [fault.link];
    const all = (by: number): void => {
      for (const [from, to] of fault.pairs) for (const link of links) world.cut(from, to, link, by);
    };
    all(1);
    world.inChaos(fault.forMs, () => all(-1));
    return;
  }
  if (fault.kind === "fencing") {
    world.fencing = fault.outcome;
    return;
  }
  if (fault.kind === "swap") {
    isolate(world, fault.first, fault.ways[0], fault.forMs);
    world.inChaos(fault.forMs, () => isolate(world, fault.second, fault.ways[1], fault.forMs));
    return;
  }
  const member = memberAt(world, fault.node);
  if (member !== undefined) applyToMember(world, member, fault);
}

/** The member of this number, the one that runs the service, or the one that would run it next. */
function memberAt(world: PresenceWorld, node: number): PresenceMember | undefined {
  if (node === ACTIVE) return world.members.find((member) => member.active);
  if (node === NEXT) return world.members.find((member) => !member.active);
  return world.members[node];
}

type MemberFault = Exclude<PresenceFault, { kind: "cut" | "fencing" | "swap" }>;

function applyToMember(world: PresenceWorld, member: PresenceMember, fault: MemberFault): void {
  switch (fault.kind) {
    case "crash":
      member.kill();
      world.inChaos(fault.downMs, () => member.start());
      break;
    case "powerOff":
      member.powerOff(fault.downMs);
      break;
    case "pause":
      member.pause();
      world.inChaos(fault.forMs, () => member.resume());
      break;
    case "stutter":
      for (let time = 0; time < fault.times; time += 1) {
        const atMs = time * (Math.min(fault.stallMs, WATCHDOG_MS) + 5);
        world.inChaos(atMs, () => member.pause());
        world.inChaos(atMs + fault.stallMs, () => member.resume());
      }
      break;
    case "drift":
      member.setClockRate(fault.rate);
      break;
    case "flap":
      for (let time = 0; time < fault.times; time += 1) {
        world.inChaos(2 * time * fault.periodMs, () => unplug(world, member, null, 1));
        world.inChaos((2 * time + 1) * fault.periodMs, () => unplug(world, member, null, -1));
      }
      break;
    case "isolate": {
      const pair = fault.pair === null ? null : memberAt(world, fault.pair);
      unplug(world, member, pair ?? null, 1);
      world.inChaos(fault.forMs, () => unplug(world, member, pair ?? null, -1));
      break;
    }
    case "delayIn":
      for (let step = 0; step < DELAY_STEPS; step += 1) {
        const startMs = (step * DELAY_RAMP_MS) / DELAY_STEPS;
        world.inChaos(startMs, () => (member.delayInMs += fault.byMs / DELAY_STEPS));
      }
      world.inChaos(DELAY_RAMP_MS + fault.forMs, () => (member.delayInMs = 0));
      break;
    case "delay":
      member.delayMs += fault.byMs;
      world.inChaos(fault.forMs, () => (member.delayMs = Math.max(0, member.delayMs - fault.byMs)));
      break;
    case "hangAgent":
      member.hangMs = fault.forMs;
      break;
  }
}

function isolate(world: PresenceWorld, node: number, way: Direction, forMs: number): void {
  const all = (by: number): void => {
    for (const [at] of world.links.entries()) {
      for (const other of world.members) {
        if (other.index === node) continue;
        if (way !== "out") world.cut(other.index, node, at, by);
        if (way !== "in") world.cut(node, other.index, at, by);
      }
    }
  };
  all(1);
  world.inChaos(forMs, () => all(-1));
}

/** A node is cut off on all links: from one other node, or from all. */
function unplug(world: PresenceWorld, member: PresenceMember, from: PresenceMember | null, by: number): void {
  for (const other of world.members) {
    if (other === member || (from !== null && other !== from)) continue;
    for (const link of world.links.keys()) {
      world.cut(member.index, other.index, link, by);
      world.cut(other.index, member.index, link, by);
    }
  }
}

/** Ends all that goes wrong; what was still to come of it comes no more. */
export function mendPresence(world: PresenceWorld): void {
  world.noisy = false;
  world.peace = true;
  world.fencing = "success";
  world.mendLinks();
  for (const member of world.members) {
    member.delayMs = 0;
    member.delayInMs = 0;
    member.hangMs = 0;
    member.resume();
    if (!member.hostUp) member.powerOn();
    member.start();
  }
}
