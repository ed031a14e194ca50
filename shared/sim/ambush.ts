import { lastIndexOf } from "../decide/raft/log.ts";
import type { ReplicaMessage } from "../effect/replica.ts";
import { ask, askForMembers, holderOf, isolate, onLeader, otherVoters, withoutVoter } from "./aim.ts";
import { corrupt } from "./disk.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

/**
 * Faults that wait for their moment: they watch the messages and strike when a certain one is sent. Chance alone meets these
 * moments once in many thousand schedules, and it is there that consensus is most easily wrong.
 */
export const AMBUSH_PLANS = [
  "handover",
  "estranged",
  "rivals",
  "amnesia",
  "nap",
  "hasty",
  "badFlush",
  "slowFlush",
  "lateAnswers",
] as const;
export type AmbushPlan = (typeof AMBUSH_PLANS)[number];

export interface Ambush {
  readonly kind: "ambush";
  readonly plan: AmbushPlan;
  /** How long the first part lasts before the second one. */
  readonly aheadMs: number;
  readonly forMs: number;
}

/** Sees every message as it is sent; gives how much later than usual it arrives. */
export type Trap = (from: SimNode, to: SimNode, message: ReplicaMessage) => number;

/** What isn't met by then is given up. */
const TRAP_PATIENCE_MS = 600;

export function layAmbush(world: World, ambush: Ambush): void {
  onLeader(world, (leader) => {
    world.say(leader, `ambush ${JSON.stringify(ambush)}`);
    world.tally.count(`ambush ${ambush.plan}`);
    plans[ambush.plan](world, leader, ambush);
  });
}

const plans: Readonly<Record<AmbushPlan, (world: World, leader: SimNode, ambush: Ambush) => void>> = {
  handover,
  estranged,
  rivals,
  amnesia,
  nap,
  hasty,
  badFlush,
  slowFlush,
  lateAnswers,
};

/** `spring` sees what is sent from now on, for a while; it gives how much later than usual the message arrives. */
function setTrap(world: World, spring: Trap): void {
  world.traps.add(spring);
  world.call(world.nowMs + TRAP_PATIENCE_MS, () => world.traps.delete(spring));
}

/** Strikes when the first message of this kind is sent, which still goes its way. */
function onFirst(
  world: World,
  isIt: (from: SimNode, to: SimNode, message: ReplicaMessage) => boolean,
  strike: () => void,
): void {
  const trap: Trap = (from, to, message) => {
    if (!isIt(from, to, message)) return 0;
    world.traps.delete(trap);
    world.call(world.nowMs, strike);
    return 0;
  };
  setTrap(world, trap);
}

function restartSoon(world: World, node: SimNode, inMs: number): void {
  world.call(world.nowMs + inMs, () => {
    world.stopNode(node, true);
    world.call(world.nowMs + 2 + world.random.fraction() * 4, () => world.startNode(node));
  });
}

/**
 * The leader invites another to take over, and is cut off as soon as the invitation is out: it goes on believing that it leads.
 * When somebody else holds the lock, it is that node which is made leader first: the next ambush meets both in one.
 */
function handover(world: World, leader: SimNode, { forMs }: Ambush): void {
  const holder = holderOf(world);
  const [heir] = otherVoters(world, leader);
  if (heir === undefined) return;
  if (holder !== undefined && holder !== leader) {
    ask(world, leader, { kind: "transfer", to: holder.id });
    return;
  }
  onFirst(
    world,
    (from, _to, message) => from === leader && message.kind === "timeoutNow",
    () => isolate(world, leader, "both", forMs),
  );
  ask(world, leader, { kind: "transfer", to: heir.id });
}

/**
 * One voter doesn't hear the leader. As soon as it asks whether it could win, the leader is cut off from all, and the others
 * may start anew before they get that question. Until its lease has run out nobody may take the leader's place.
 */
function estranged(world: World, leader: SimNode, { forMs }: Ambush): void {
  const [deaf, ...others] = otherVoters(world, leader);
  if (deaf === undefined) return;
  // Whoever campaigns must lack nothing, else it isn't elected anyway.
  world.onlyReads = true;
  world.cut(leader.index, deaf.index, 1);
  world.call(world.nowMs + TRAP_PATIENCE_MS, () => world.cut(leader.index, deaf.index, -1));
  const restarts = world.random.chance(0.5);
  let struck = false;
  setTrap(world, (from, _to, message) => {
    if (from !== deaf || message.kind !== "preVote") return 0;
    if (!struck) {
      struck = true;
      world.onlyReads = false;
      isolate(world, leader, "both", forMs);
      if (restarts) for (const other of others) restartSoon(world, other, 0);
    }
    return restarts ? 8 : 0;
  });
}

/**
 * Two campaign in the same term. Who grants the first vote loses power at once and is back when the second request comes in,
 * which is held up until the leader of that term, heard by nobody, is no longer defended.
 */
function rivals(world: World, leader: SimNode, { forMs }: Ambush): void {
  for (const node of world.nodes) world.pauseNode(node);
  const wakeMs = world.nowMs + forMs;
  for (const node of world.nodes) {
    world.call(node === leader ? wakeMs + 20 + world.random.fraction() * 40 : wakeMs, () => world.resumeNode(node));
  }
  world.call(wakeMs, () => {
    let first: SimNode | null = null;
    setTrap(world, (from, to, message) => {
      if (message.kind !== "vote" || to !== leader || from === first) return 0;
      if (first !== null) return 125 + world.random.fraction() * 90;
      first = from;
      const isGrant = (voter: SimNode, _to: SimNode, reply: ReplicaMessage): boolean =>
        voter === leader && reply.kind === "voteReply" && reply.granted;
      onFirst(world, isGrant, () => {
        isolate(world, from, "out", forMs);
        restartSoon(world, leader, 0.2 + world.random.fraction());
      });
      return 0;
    });
  });
}

/**
 * A node loses its log while another one lags behind, and the leader is cut off as soon as it has said how far the first one
 * has to catch up: nobody who is left knows what was committed.
 */
function amnesia(world: World, leader: SimNode, { aheadMs, forMs }: Ambush): void {
  const [victim, laggard] = otherVoters(world, leader);
  if (victim === undefined || laggard === undefined) return;
  isolate(world, laggard, "both", aheadMs + 20);
  world.call(world.nowMs + aheadMs, () => {
    world.stopNode(victim, true);
    if (corrupt(victim.disk, world.random)) world.say(victim, "a sector is damaged");
    world.call(world.nowMs + 5, () => world.startNode(victim));
    onFirst(
      world,
      (_from, to, message) => message.kind === "recoverReply" && to === victim,
      () => isolate(world, leader, "both", forMs),
    );
  });
}

/** The leader is stopped while a round of contact is under way, and finds questions and late answers when it goes on. */
function nap(world: World, leader: SimNode, { forMs }: Ambush): void {
  const isRound = (from: SimNode, _to: SimNode, message: ReplicaMessage): boolean =>
    from === leader && message.kind === "append";
  onFirst(world, isRound, () => {
    world.pauseNode(leader);
    world.call(world.nowMs + forMs, () => world.resumeNode(leader));
  });
}

/** A leader that nobody hears is asked for one change of the members after the other. */
function hasty(world: World, leader: SimNode, { forMs }: Ambush): void {
  isolate(world, leader, "both", forMs);
  for (const [at, voter] of otherVoters(world, leader).entries()) {
    world.call(world.nowMs + 3 * (at + 1), () =>
      askForMembers(world, leader, (members) => withoutVoter(members, voter.id, 1)),
    );
  }
}

/**
 * A flush fails; the process starts again and can read what it didn't get onto the disk. As soon as it has acknowledged that,
 * it loses power, and whoever else has it is cut off.
 */
function badFlush(world: World, leader: SimNode, { forMs }: Ambush): void {
  const [victim, ...laggards] = otherVoters(world, leader);
  if (victim === undefined) return;
  for (const laggard of laggards) isolate(world, laggard, "both", 60);
  const { life } = victim;
  victim.disk.error = { at: "flush", downMs: 3 };
  const isAcknowledged = (from: SimNode, _to: SimNode, message: ReplicaMessage): boolean =>
    from === victim && from.life > life && message.kind === "appendReply" && message.ok;
  onFirst(world, isAcknowledged, () => loseBoth(world, leader, victim, forMs));
}

/** What the group has to do without: the leader is cut off, and the other one keeps what its disk has. */
function loseBoth(world: World, leader: SimNode, victim: SimNode, forMs: number): void {
  world.call(world.nowMs + 2, () => {
    isolate(world, leader, "both", forMs);
    restartSoon(world, victim, 0);
  });
}

/** A disk is slow; as soon as its node acknowledges something new, it loses power, and whoever else has that is cut off. */
function slowFlush(world: World, leader: SimNode, { forMs }: Ambush): void {
  const [victim, ...laggards] = otherVoters(world, leader);
  if (victim === undefined || leader.replica === null) return;
  for (const laggard of laggards) isolate(world, laggard, "both", 150);
  victim.disk.slowMs += 120;
  world.call(world.nowMs + 150, () => (victim.disk.slowMs = Math.max(0, victim.disk.slowMs - 120)));
  const before = lastIndexOf(leader.replica.raft.log);
  const isNews = (from: SimNode, _to: SimNode, message: ReplicaMessage): boolean =>
    from === victim && message.kind === "appendReply" && message.ok && message.index > before;
  onFirst(world, isNews, () => loseBoth(world, leader, victim, forMs));
}

/** Answers to what a node passed on are late; it starts anew, twice, and asks other things meanwhile. */
function lateAnswers(world: World, leader: SimNode): void {
  const [asker] = otherVoters(world, leader);
  if (asker === undefined) return;
  restartSoon(world, asker, 0);
  let answers = 0;
  setTrap(world, (_from, to, message) => {
    if (to !== asker || message.kind !== "forwardReply") return 0;
    answers += 1;
    if (answers === 2) restartSoon(world, asker, 1);
    return 40 + world.random.fraction() * 120;
  });
}
