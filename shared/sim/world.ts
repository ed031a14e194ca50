import type { Members, NodeId } from "../effect/raft.ts";
import type { ReplicaMessage } from "../effect/replica.ts";
import type { Reason } from "../reason/catalogue.ts";
import { createRandom, type Random } from "../decide/random.ts";
import { createReplica, type Replica } from "../decide/replica/replica.ts";
import { createLogChecker, forgetApplied, observeReplica, SafetyViolation, type LogChecker } from "./check/log.ts";
import { SimClient } from "./client.ts";
import { cutPower, endWrite, failWrite, killProcess, recoverDisk, type DiskError } from "./disk.ts";
import type { Trap } from "./ambush.ts";
import { applyFault } from "./faults.ts";
import { SimGuard } from "./guard.ts";
import { EventHeap, type Timed } from "./heap.ts";
import { createNode, feed, localMs, scheduleTick, startDisk, type SimNode } from "./node.ts";
import { CLOCK_DRIFT_RATIO, type Schedule } from "./schedule.ts";
import { Tally } from "./tally.ts";

/** A whole cluster in one thread: virtual time, one seeded random source, every event in one heap. */
export type WorldEvent =
  | { readonly kind: "deliver"; readonly node: number; readonly from: NodeId; readonly message: ReplicaMessage }
  | { readonly kind: "tick"; readonly node: number; readonly token: number }
  | { readonly kind: "diskDone"; readonly node: number; readonly life: number }
  | { readonly kind: "client"; readonly client: number; readonly token: number }
  | { readonly kind: "guardTick"; readonly node: number; readonly token: number }
  | { readonly kind: "agentDown"; readonly node: number; readonly token: number }
  | { readonly kind: "watchdog"; readonly node: number }
  | { readonly kind: "call"; readonly call: () => void };

interface Queued extends Timed {
  readonly event: WorldEvent;
}

const SIM_RAFT_OPTIONS = {
  electionTimeoutMs: 120,
  heartbeatMs: 40,
  clockDriftRatio: CLOCK_DRIFT_RATIO,
  maxInflightAppends: 8,
  maxBatchSize: 4096,
  snapshotChunkSize: 256,
  maxTrailingEntries: 2000,
  maxUncommittedEntries: 256,
  maxPendingReads: 64,
} as const;

export class World {
  nowMs = 0;
  readonly random: Random;
  readonly nodes: SimNode[] = [];
  readonly clients: SimClient[] = [];
  readonly checker: LogChecker = createLogChecker();
  readonly initialMembers: Members;
  readonly trace: string[] | null;
  events = 0;
  /** Loss, duplication and reordering of single messages; off once things are mended. */
  noisy = true;
  /** How many of the next leaders are to fall soon after their election. */
  shortReigns: { count: number; readonly reignMs: number } | null = null;
  crashesAfterVote = 0;
  readonly tally = new Tally();
  readonly traps = new Set<Trap>();
  /** Clients write nothing for the moment. */
  onlyReads = false;
  private readonly cuts: Uint8Array;
  private readonly heap = new EventHeap<Queued>();
  private order = 0;

  constructor(
    readonly schedule: Schedule,
    traced: boolean,
  ) {
    this.random = createRandom(schedule.seed ^ 0x5eed);
    this.trace = traced ? [] : null;
    this.cuts = new Uint8Array(schedule.nodes * schedule.nodes);
    for (let index = 0; index < schedule.nodes; index += 1) this.nodes.push(createNode(index, this.tally));
    const voters = this.nodes.slice(0, schedule.voters).map((node) => node.id);
    this.initialMembers = { voters, learners: [] };
    for (const node of this.nodes) this.startNode(node);
    for (let index = 0; index < schedule.clients; index += 1) {
      const client = new SimClient(this, index, schedule.seed * 31 + index);
      this.clients.push(client);
      client.start();
    }
    if (schedule.guards) {
      for (const node of this.nodes.slice(0, schedule.voters)) {
        node.guard = new SimGuard(this, node);
        node.guard.feed({ kind: "tick" });
      }
    }
    for (const { atMs, fault } of schedule.faults) this.call(atMs, () => applyFault(this, fault));
  }

  at(atMs: number, event: WorldEvent): void {
    this.heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.nextOrder(), event });
  }

  nextOrder(): number {
    this.order += 1;
    return this.order;
  }

  /** Puts the node's tick into the heap, for the moment when it is due. */
  queueTick(node: SimNode): void {
    if (node.tickAtMs === Number.POSITIVE_INFINITY) return;
    node.tickQueuedMs = node.tickAtMs;
    const event = { kind: "tick", node: node.index, token: node.tickToken } as const;
    this.heap.push({ atMs: node.tickAtMs, order: node.tickOrder, event });
  }

  after(ms: number, event: WorldEvent): void {
    this.at(this.nowMs + ms, event);
  }

  call(atMs: number, call: () => void): void {
    this.at(atMs, { kind: "call", call });
  }

  runUntil(endMs: number): void {
    this.call(endMs, () => undefined);
    for (let next = this.heap.pop(); next !== undefined; next = this.heap.pop()) {
      this.nowMs = next.atMs;
      this.events += 1;
      this.handle(next.event);
      if (next.atMs >= endMs) return;
    }
  }

  private handle(event: WorldEvent): void {
    if (event.kind === "client") {
      this.clients[event.client]?.onTimer(event.token);
      return;
    }
    if (event.kind === "call") {
      event.call();
      return;
    }
    const node = this.nodes[event.node];
    if (node === undefined) throw new Error("an event for no node");
    switch (event.kind) {
      case "deliver":
        feed(this, node, [{ kind: "receive", from: event.from, message: event.message }]);
        break;
      case "tick":
        this.onTick(node, event.token);
        break;
      case "diskDone":
        if (event.life !== node.life || node.disk.busy === null) break;
        if (node.disk.error !== null) this.failDisk(node, node.disk.error);
        else {
          feed(this, node, [{ kind: "persisted", sequence: endWrite(node.disk) }]);
          startDisk(this, node);
        }
        break;
      case "guardTick":
        node.guard?.onTimer(event.token);
        break;
      case "agentDown":
        node.guard?.onAgentDown(event.token);
        break;
      case "watchdog":
        node.guard?.onWatchdog();
        break;
    }
  }

  private onTick(node: SimNode, token: number): void {
    if (token !== node.tickToken) return;
    node.tickQueuedMs = Number.POSITIVE_INFINITY;
    if (node.replica === null) return;
    if (node.tickAtMs > this.nowMs) {
      this.queueTick(node);
      return;
    }
    if (node.paused) return;
    node.tickAtMs = Number.POSITIVE_INFINITY;
    feed(this, node, [{ kind: "tick" }]);
  }

  private failDisk(node: SimNode, { at, downMs }: { readonly at: DiskError; readonly downMs: number }): void {
    this.say(node, `disk: ${at} failed`);
    node.disk.error = null;
    failWrite(node.disk, at, this.random);
    this.stopNode(node, this.random.chance(0.3));
    this.call(this.nowMs + downMs, () => this.startNode(node));
  }

  startNode(node: SimNode): void {
    if (node.replica !== null || node.refused) return;
    const spare = node.index >= this.schedule.voters;
    const recovery = recoverDisk(node.disk, spare ? { voters: [], learners: [] } : this.initialMembers);
    if (recovery.kind === "refused") {
      node.refused = true;
      return;
    }
    if (node.disk.damaged && recovery.corruptAt === null)
      this.violate("damage is refused", `${node.id} starts with it`);
    node.disk.damaged = false;
    node.life += 1;
    const seed = this.schedule.seed * 1009 + node.index * 31 + node.life;
    const options = {
      raft: {
        ...SIM_RAFT_OPTIONS,
        leaseRead: this.schedule.leaseRead,
        maxBatchEntries: this.schedule.batchEntries,
        trailingEntries: this.schedule.trailingEntries,
      },
      requestTimeoutMs: 400,
      snapshotEveryEntries: this.schedule.snapshotEvery,
      maxWaitingRequests: 64,
    };
    node.replica = createReplica(node.id, options, recovery.recovered, seed, localMs(node, this.nowMs));
    forgetApplied(this.checker, node.id);
    node.tickAtMs = Number.POSITIVE_INFINITY;
    scheduleTick(this, node, node.replica);
    node.guard?.restart();
  }

  stopNode(node: SimNode, powerCut: boolean): void {
    if (node.replica === null) return;
    this.tally.count(powerCut ? "power cut" : "crash");
    node.replica = null;
    node.fallsAboveCommit = Number.POSITIVE_INFINITY;
    node.life += 1;
    node.paused = false;
    node.inbox = [];
    node.requests.clear();
    if (powerCut) {
      cutPower(node.disk, this.random);
      node.guard?.powerOff();
    } else {
      killProcess(node.disk, this.random);
    }
  }

  pauseNode(node: SimNode): void {
    if (node.replica !== null) node.paused = true;
  }

  /** The process goes on: it finds its timers late and all that came in meanwhile at once. */
  resumeNode(node: SimNode): void {
    if (!node.paused) return;
    node.paused = false;
    const inbox = node.inbox;
    node.inbox = [];
    if (inbox.length > 0) this.tally.count("thaw with messages waiting");
    // Timers, local clients and peers are waited for side by side: nobody says which is served first.
    const order = this.random.integer(0, 2);
    if (order === 0) feed(this, node, [{ kind: "tick" }]);
    if (order === 1) inbox.sort((one, other) => Number(other.kind === "request") - Number(one.kind === "request"));
    for (const event of inbox) feed(this, node, [event]);
    if (node.replica !== null) scheduleTick(this, node, node.replica);
    node.guard?.feed({ kind: "tick" });
  }

  cut(from: number, to: number, by: number): void {
    const at = from * this.schedule.nodes + to;
    this.cuts[at] = Math.max(0, (this.cuts[at] ?? 0) + by);
  }

  private isCut(from: number, to: number): boolean {
    return (this.cuts[from * this.schedule.nodes + to] ?? 0) > 0;
  }

  mendLinks(): void {
    this.cuts.fill(0);
  }

  send(from: SimNode, to: NodeId, message: ReplicaMessage): void {
    const target = this.nodes[Number(to.slice(1))];
    if (target === undefined) throw new Error(`a message to the unknown node ${to}`);
    if (this.crashesAfterVote > 0 && message.kind === "voteReply" && message.granted) {
      this.crashesAfterVote -= 1;
      this.call(this.nowMs + this.random.fraction(), () => this.stopNode(from, true));
      this.call(this.nowMs + 2 + this.random.fraction() * 4, () => this.startNode(from));
    }
    let lateMs = 0;
    for (const trap of this.traps) lateMs += trap(from, target, message);
    if (this.isCut(from.index, target.index)) {
      this.tally.count(this.isCut(target.index, from.index) ? "cut" : "one-way cut");
      return;
    }
    const { lossRatio, duplicateRatio, reorderMs } = this.schedule;
    if (this.noisy && lossRatio > 0 && this.random.chance(lossRatio)) {
      this.tally.count("message lost");
      return;
    }
    this.deliver(from, target, message, reorderMs, lateMs);
    if (this.noisy && duplicateRatio > 0 && this.random.chance(duplicateRatio)) {
      this.tally.count("duplicate");
      this.deliver(from, target, message, reorderMs + 200, 0);
    }
  }

  private deliver(from: SimNode, target: SimNode, message: ReplicaMessage, reorderMs: number, lateMs: number): void {
    const usualMs = this.noisy ? this.schedule.latencyMs : 1.5;
    let latencyMs = lateMs + 0.1 + this.random.fraction() * usualMs + from.delayMs + target.delayMs;
    if (this.noisy && reorderMs > 0 && this.random.chance(0.1)) {
      this.tally.count("reorder");
      latencyMs += this.random.fraction() * reorderMs;
    }
    if (from.clockRate !== 1 || target.clockRate !== 1) this.tally.count("drifting clock");
    this.after(latencyMs, { kind: "deliver", node: target.index, from: from.id, message });
  }

  observe(node: SimNode, replica: Replica): void {
    const terms = this.checker.leaders.size;
    observeReplica(this.checker, replica);
    if (replica.raft.commitIndex > node.fallsAboveCommit) this.fall(node, this.random.fraction(), false);
    if (this.shortReigns !== null && this.checker.leaders.size > terms) this.endReign(node, this.shortReigns);
  }

  /** The leader falls soon, and comes back a little later. */
  endReign(node: SimNode, plan: { count: number; readonly reignMs: number }): void {
    plan.count -= 1;
    if (plan.count <= 0) this.shortReigns = null;
    if (this.random.chance(0.65)) {
      // It isn't even heard: what it appends stays with it alone.
      this.mute(node, 1);
      this.fall(node, plan.reignMs * 2 * this.random.fraction(), true);
    } else {
      // It falls when it alone knows what it has just committed.
      node.fallsAboveCommit = node.replica?.raft.commitIndex ?? 0;
    }
  }

  private fall(node: SimNode, afterMs: number, muted: boolean): void {
    const { life } = node;
    node.fallsAboveCommit = Number.POSITIVE_INFINITY;
    this.call(this.nowMs + afterMs, () => {
      if (node.life === life) this.stopNode(node, true);
      this.call(this.nowMs + this.random.pick([5, 40, 150]) * (0.5 + this.random.fraction()), () => {
        if (muted) this.mute(node, -1);
        this.startNode(node);
      });
    });
  }

  private mute(node: SimNode, by: number): void {
    for (const other of this.nodes) if (other !== node) this.cut(node.index, other.index, by);
  }

  note(node: SimNode, fact: Reason): void {
    this.tally.count(fact.code);
    if (this.trace !== null) this.say(node, `${fact.code} ${JSON.stringify(fact.data)}`);
  }

  say(node: SimNode, what: string): void {
    this.trace?.push(`${this.nowMs.toFixed(2).padStart(9)} ${node.id} ${what}`);
  }

  violate(property: string, message: string): never {
    throw new SafetyViolation(property, message);
  }

  /** A resource was started: it must be down everywhere else, by its own doing, its watchdog's, or confirmed fencing. */
  onActive(node: SimNode): void {
    this.say(node, "resource starts");
    for (const other of this.nodes) {
      if (other !== node && other.guard?.active === true) {
        this.violate("resource active once", `${node.id} starts while ${other.id} is active`);
      }
    }
  }
}
