import { membersOf } from "../decide/raft/log.ts";
import type { Members } from "../effect/raft.ts";
import { request, type SimNode } from "./node.ts";
import type { World } from "./world.ts";

/** What faults are aimed at: whoever leads, holds the lock, or is another voter at that time. */

/** The leader of the newest term, if there is one. */
export function leaderOf(world: World): SimNode | undefined {
  let found: SimNode | undefined;
  for (const node of world.nodes) {
    const raft = node.replica?.raft;
    if (raft === undefined || raft.leadership === null) continue;
    if (raft.term > (found?.replica?.raft.term ?? -1)) found = node;
  }
  return found;
}

export function holderOf(world: World): SimNode | undefined {
  return world.nodes.find((node) => node.guard?.active === true);
}

/** The voters as the leader knows them, without itself, in random order. */
export function otherVoters(world: World, leader: SimNode): SimNode[] {
  if (leader.replica === null) return [];
  const { voters } = membersOf(leader.replica.raft.log);
  const others = world.nodes.filter((node) => node !== leader && voters.includes(node.id));
  return others
    .map((node) => ({ node, rank: world.random.fraction() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ node }) => node);
}

/** For so long this node isn't heard ("out"), doesn't hear ("in"), or both. */
export function isolate(world: World, node: SimNode, direction: "in" | "out" | "both", forMs: number): void {
  world.say(node, `is cut off (${direction}) for ${forMs} ms`);
  const cutAll = (by: number): void => {
    for (const other of world.nodes) {
      if (other === node) continue;
      if (direction !== "out") world.cut(other.index, node.index, by);
      if (direction !== "in") world.cut(node.index, other.index, by);
    }
  };
  cutAll(1);
  world.call(world.nowMs + forMs, () => cutAll(-1));
}

export function onLeader(world: World, call: (leader: SimNode) => void): void {
  const leader = leaderOf(world);
  if (leader !== undefined) call(leader);
}

/** A request whose answer nobody waits for. */
export function ask(world: World, node: SimNode, what: Parameters<typeof request>[2]): void {
  request(world, node, what, () => undefined);
}

export function askForMembers(world: World, leader: SimNode, change: (members: Members) => Members | null): void {
  if (leader.replica === null) return;
  const members = change(membersOf(leader.replica.raft.log));
  if (members !== null) ask(world, leader, { kind: "changeMembers", members });
}

/** The members without this voter; null when fewer than `keep` voters would be left. */
export function withoutVoter(members: Members, id: string, keep: number): Members | null {
  if (members.voters.length <= keep || !members.voters.includes(id)) return null;
  return { ...members, voters: members.voters.filter((voter) => voter !== id) };
}
