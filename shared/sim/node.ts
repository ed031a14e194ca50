import type { NodeId } from "../effect/raft.ts";
import type { ReplicaEvent, ReplicaReply, ReplicaRequest } from "../effect/replica.ts";
import { nextReplicaDeadlineMs, stepReplica, type Replica } from "../decide/replica/replica.ts";
import { beginWrite, createDisk, type SimDisk } from "./disk.ts";
import type { SimGuard } from "./guard.ts";
import type { Tally } from "./tally.ts";
import type { World } from "./world.ts";

/** One simulated host: the shipping replica on a pretended clock, disk and network. */
export interface SimNode {
  readonly index: number;
  readonly id: NodeId;
  readonly disk: SimDisk;
  replica: Replica | null;
  /** Counts starts; timers and answers of an earlier life are void. */
  life: number;
  clockOffsetMs: number;
  clockRate: number;
  wallOffsetMs: number;
  paused: boolean;
  /** What came in while the process was stopped. */
  inbox: ReplicaEvent[];
  delayMs: number;
  /** When its next tick is due, and its place among the events of that moment. */
  tickAtMs: number;
  tickOrder: number;
  /** When the tick in the heap comes: not after `tickAtMs`. Deadlines move on with every message; the one there is enough. */
  tickQueuedMs: number;
  tickToken: number;
  nextRequestId: number;
  readonly requests: Map<number, (reply: ReplicaReply) => void>;
  guard: SimGuard | null;
  /** This leader is to lose power as soon as it commits more than this. */
  fallsAboveCommit: number;
  /** The vote is unreadable: this node is out for good. */
  refused: boolean;
}

export function createNode(index: number, tally: Tally): SimNode {
  return {
    index,
    id: `n${index}`,
    disk: createDisk(tally),
    replica: null,
    life: 0,
    clockOffsetMs: 1000 * (index + 1),
    clockRate: 1,
    wallOffsetMs: 0,
    paused: false,
    inbox: [],
    delayMs: 0,
    tickAtMs: Number.POSITIVE_INFINITY,
    tickOrder: 0,
    tickQueuedMs: Number.POSITIVE_INFINITY,
    tickToken: 0,
    nextRequestId: 1,
    requests: new Map(),
    guard: null,
    fallsAboveCommit: Number.POSITIVE_INFINITY,
    refused: false,
  };
}

/** The node's monotonic clock: it starts anywhere, drifts, and never jumps. */
export function localMs(node: SimNode, trueMs: number): number {
  return node.clockOffsetMs + node.clockRate * trueMs;
}

export function trueMsOf(node: SimNode, local: number): number {
  return (local - node.clockOffsetMs) / node.clockRate;
}

/** Changes the clock's rate without a jump. */
export function setClockRate(node: SimNode, rate: number, trueMs: number): void {
  const now = localMs(node, trueMs);
  node.clockRate = rate;
  node.clockOffsetMs = now - rate * trueMs;
}

/** Feeds events to the node's replica and carries its effects out in the pretended world. */
export function feed(world: World, node: SimNode, events: readonly ReplicaEvent[]): void {
  const replica = node.replica;
  if (replica === null) return;
  if (node.paused) {
    node.inbox.push(...events);
    return;
  }
  const outcome = stepReplica(replica, events, localMs(node, world.nowMs));
  for (const fact of outcome.reasons) world.note(node, fact);
  world.observe(node, replica);
  for (const effect of outcome.effects) {
    if (effect.kind === "send") world.send(node, effect.to, effect.message);
    else if (effect.kind === "persist") node.disk.queue.push(effect.write);
  }
  startDisk(world, node);
  scheduleTick(world, node, replica);
  // Answers come last: who gets one may ask anew at once, and that step's writes must not overtake this one's.
  for (const effect of outcome.effects) {
    if (effect.kind === "watch") node.guard?.onWatch(effect.events);
    if (effect.kind !== "reply") continue;
    const callback = node.requests.get(effect.requestId);
    node.requests.delete(effect.requestId);
    callback?.(effect.reply);
  }
}

export function startDisk(world: World, node: SimNode): void {
  if (node.disk.full && node.disk.queue.length > 0) world.tally.count("full disk");
  if (beginWrite(node.disk) === null) return;
  if (node.disk.slowMs > 0) world.tally.count("slow disk");
  const latencyMs = 0.1 + world.random.fraction() * 1.2 + node.disk.slowMs;
  world.after(latencyMs, { kind: "diskDone", node: node.index, life: node.life });
}

export function scheduleTick(world: World, node: SimNode, replica: Replica): void {
  const dueMs = Math.max(trueMsOf(node, nextReplicaDeadlineMs(replica)), world.nowMs + 0.001);
  if (dueMs === node.tickAtMs) return;
  node.tickAtMs = dueMs;
  node.tickOrder = world.nextOrder();
  if (node.tickQueuedMs <= dueMs) return;
  node.tickToken += 1;
  world.queueTick(node);
}

/** Hands a request to the replica of this node; the callback is forgotten when the node dies. */
export function request(
  world: World,
  node: SimNode,
  what: ReplicaRequest,
  callback: (reply: ReplicaReply) => void,
): void {
  const requestId = node.nextRequestId++;
  node.requests.set(requestId, callback);
  feed(world, node, [{ kind: "request", requestId, request: what }]);
}
