import { createRandom, type Random } from "../../decide/random.ts";
import { createDiskVote, stepDiskVote, type DiskVote, type DiskVoteOptions } from "../../decide/quorum/disk-vote.ts";
import type { DiskOperation, DiskVoteEvent, SlotSight, VoteBlock } from "../../effect/disk-vote.ts";
import { SafetyViolation } from "../check/log.ts";
import { Timeline } from "../timeline.ts";
import { DISK_DRIFT_RATIO, DISK_TTL_MS, type DiskFault, type DiskSchedule } from "./schedule.ts";

/** One host: the shipping disk vote on a clock of its own. */
export class DiskNode {
  vote: DiskVote | null = null;
  paused = false;
  latencyMs: number | null = null;
  /** What the next operation of a kind will be like. */
  hang: Extract<DiskFault, { kind: "hang" }> | null = null;
  pathLost = false;
  /** How long it stays away once it has left. */
  downMs = 0;
  life = 0;
  rate = 1;
  offsetMs: number;
  /** By this node's clock. It goes on to count after a crash: what the node ran lives on until then. */
  heldUntilMs = Number.NEGATIVE_INFINITY;
  /** What happened while it was paused. */
  readonly waiting: DiskVoteEvent[] = [];
  timer = 0;

  constructor(readonly index: number) {
    this.offsetMs = 3000 * (index + 1);
  }
}

const EMPTY: SlotSight = { mark: "", block: null, damaged: false };

/** Nodes and a disk in virtual time. Every sector changes at one moment; operations take their time before and after it. */
export class DiskWorld extends Timeline {
  gains = 0;
  readonly nodes: readonly DiskNode[];
  readonly trace: string[] | null;
  private readonly random: Random;
  private readonly sectors: SlotSight[];
  private strays = 0;

  constructor(
    readonly schedule: DiskSchedule,
    traced: boolean,
  ) {
    super();
    this.random = createRandom(schedule.seed ^ 0x05ec7042);
    this.trace = traced ? [] : null;
    this.nodes = Array.from({ length: schedule.nodes }, (_, at) => new DiskNode(at));
    this.sectors = this.nodes.map(() => EMPTY);
    for (const node of this.nodes) this.after(this.random.fraction() * 200, () => this.start(node));
    for (const { atMs, fault } of schedule.diskFaults) this.inChaos(atMs, () => this.applyFault(fault));
  }

  localMs(node: DiskNode): number {
    return node.offsetMs + node.rate * this.nowMs;
  }

  holds(node: DiskNode): boolean {
    return this.localMs(node) < node.heldUntilMs;
  }

  private start(node: DiskNode): void {
    if (node.vote !== null) return;
    node.life += 1;
    node.waiting.length = 0;
    const options: DiskVoteOptions = {
      node: `n${node.index}`,
      slot: node.index,
      slots: this.nodes.length,
      life: `${node.index}.${node.life}`,
      ttlMs: DISK_TTL_MS,
      driftRatio: DISK_DRIFT_RATIO,
      pollMs: DISK_TTL_MS / 5,
    };
    node.vote = createDiskVote(options, this.localMs(node));
    this.feed(node, { kind: "tick" });
  }

  private crash(node: DiskNode): void {
    const { vote } = node;
    // The host may have died right after it had sent a write that nobody saw arrive.
    if (vote !== null && vote.own !== null && vote.phase !== "left" && this.random.chance(0.5)) {
      const flag = this.random.chance(0.7) ? "idle" : vote.own.flag;
      this.landStray({ ...vote.own, sequence: vote.sequence + 1, flag });
    }
    node.vote = null;
    node.paused = false;
    node.life += 1;
  }

  private feed(node: DiskNode, event: DiskVoteEvent): void {
    const { vote } = node;
    if (vote === null) return;
    if (node.paused) {
      if (event.kind !== "tick") node.waiting.push(event);
      return;
    }
    const nowMs = this.localMs(node);
    const { operation, reasons } = stepDiskVote(vote, event, nowMs);
    for (const fact of reasons) this.say(node, `${fact.code} ${JSON.stringify(fact.data)}`);
    if (vote.heldUntilMs > node.heldUntilMs) this.onProlonged(node, vote.heldUntilMs);
    // What it ran by its vote is stopped when the vote is given up.
    else if (vote.heldUntilMs < nowMs) node.heldUntilMs = vote.heldUntilMs;
    if (vote.phase === "left") {
      this.crash(node);
      this.after(node.downMs, () => this.start(node));
      return;
    }
    if (operation !== null) this.begin(node, operation);
    this.planTick(node, vote);
  }

  private onProlonged(node: DiskNode, untilMs: number): void {
    if (!this.holds(node)) this.gains += 1;
    node.heldUntilMs = untilMs;
    for (const other of this.nodes) {
      if (other === node || !this.holds(other) || !this.holds(node)) continue;
      throw new SafetyViolation("one holder", `the disk votes for n${node.index} and n${other.index} at once`);
    }
  }

  private planTick(node: DiskNode, vote: DiskVote): void {
    if (vote.underWay !== null) return;
    node.timer += 1;
    const { timer, life } = node;
    const waitMs = (vote.dueMs - this.localMs(node)) / node.rate;
    this.after(waitMs, () => {
      if (timer === node.timer && life === node.life) this.feed(node, { kind: "tick" });
    });
  }

  private begin(node: DiskNode, operation: DiskOperation): void {
    const { life } = node;
    const usualMs = node.latencyMs ?? this.schedule.latencyMs;
    const hang = node.hang?.operation === operation.kind ? node.hang : null;
    if (hang !== null) node.hang = null;
    const tookMs = 0.1 + this.random.fraction() * usualMs + (hang?.forMs ?? 0);
    const answer = (event: DiskVoteEvent): void => {
      if (life === node.life) this.feed(node, event);
    };
    if (node.pathLost) {
      if (operation.kind === "write" && this.random.chance(0.5)) this.landStray(operation.block);
      this.after(tookMs, () => answer({ kind: "failed", detail: "path" }));
      return;
    }
    // The disk acts somewhere between the question and the answer.
    const acts = hang?.acts ?? this.random.pick(["first", "last", null]);
    const actsMs = acts === "first" ? 0 : acts === "last" ? tookMs : this.random.fraction() * tookMs;
    if (operation.kind === "read") {
      const slots: SlotSight[] = this.nodes.map(() => EMPTY);
      for (const at of slots.keys()) {
        const sampleMs = this.random.chance(0.8) ? actsMs : this.random.fraction() * tookMs;
        this.after(sampleMs, () => (slots[at] = this.sectors[at] ?? EMPTY));
      }
      this.after(tookMs, () => answer({ kind: "read", slots }));
      return;
    }
    const { block } = operation;
    this.after(actsMs, () => {
      // The host died in the midst of it: the write is lost, late, torn, or it was just in time.
      if (life === node.life || this.random.chance(0.4)) this.land(block);
      else if (this.random.chance(0.2)) this.damage(block.slot);
      else if (this.random.chance(0.7)) this.landStray(block);
    });
    this.after(tookMs, () => answer({ kind: "wrote" }));
  }

  /** A write that nobody waits for any more arrives later, over whatever was written meanwhile. */
  private landStray(block: VoteBlock): void {
    this.after(this.random.fraction() * this.schedule.strayMs, () => {
      this.trace?.push(`${this.nowMs.toFixed(1)} stray write of n${block.slot}`);
      this.land(block);
    });
  }

  private land(block: VoteBlock): void {
    const mark = `${block.life}/${block.sequence}`;
    this.sectors[block.slot] = { mark, block, damaged: false };
    this.trace?.push(`${this.nowMs.toFixed(1)} disk: ${mark} ${block.flag} ${block.epoch}`);
  }

  private damage(slot: number): void {
    this.sectors[slot] = { mark: `damage ${this.nowMs}`, block: null, damaged: true };
    this.trace?.push(`${this.nowMs.toFixed(1)} disk: slot ${slot} is damaged`);
  }

  private applyFault(fault: DiskFault): void {
    const node = this.nodes[fault.node];
    if (node === undefined) return;
    this.say(node, JSON.stringify(fault));
    switch (fault.kind) {
      case "crash":
        this.crash(node);
        this.inChaos(fault.downMs, () => this.start(node));
        break;
      case "leave":
        node.downMs = fault.downMs;
        this.feed(node, { kind: "release" });
        break;
      case "pause":
        node.paused = node.vote !== null;
        this.inChaos(fault.forMs, () => this.resume(node));
        break;
      case "pathLoss":
        node.pathLost = true;
        this.inChaos(fault.forMs, () => (node.pathLost = false));
        break;
      case "hang":
        node.hang = fault;
        break;
      case "slow":
        node.latencyMs = fault.latencyMs;
        this.inChaos(fault.forMs, () => (node.latencyMs = null));
        break;
      case "drift":
        node.offsetMs = this.localMs(node) - fault.rate * this.nowMs;
        node.rate = fault.rate;
        break;
      case "stray":
        this.strays += 1;
        this.land({ slot: fault.node, life: `${fault.node}.0`, sequence: this.strays, epoch: 0, flag: fault.flag });
        break;
      case "corrupt":
        this.damage(fault.node);
        break;
    }
  }

  private resume(node: DiskNode): void {
    if (!node.paused) return;
    node.paused = false;
    for (const event of node.waiting.splice(0)) this.feed(node, event);
    this.feed(node, { kind: "tick" });
  }

  /** The node dies and doesn't come back. */
  loseForGood(node: DiskNode): void {
    this.say(node, "dies for good");
    this.crash(node);
  }

  /** Ends all that goes wrong. */
  mend(): void {
    this.peace = true;
    for (const node of this.nodes) {
      node.pathLost = false;
      node.latencyMs = 2;
      node.hang = null;
      this.resume(node);
      this.start(node);
    }
  }

  private say(node: DiskNode, what: string): void {
    this.trace?.push(`${this.nowMs.toFixed(1)} n${node.index} ${what}`);
  }
}
