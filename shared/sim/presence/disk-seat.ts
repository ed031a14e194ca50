import { createDiskVote, stepDiskVote, type DiskVote } from "../../decide/quorum/disk-vote.ts";
import type { DiskOperation, DiskVoteEvent, SlotSight } from "../../effect/disk-vote.ts";
import { PRESENCE_DRIFT_RATIO } from "./schedule.ts";
import type { PresenceMember } from "./member.ts";
import type { PresenceWorld } from "./world.ts";

const TTL_MS = 1000;
const OPERATION_MS = 20;

/**
 * One life of the process at the witness disk. It is no part of the daemon: it goes on while the daemon is stopped, and dies
 * with it. The disk itself always works here; `shared/sim/disk` is where it doesn't.
 */
export class DiskSeat {
  private readonly vote: DiskVote;
  private alive = true;

  constructor(
    private readonly world: PresenceWorld,
    private readonly member: PresenceMember,
    life: number,
  ) {
    const { name, index } = member;
    const slots = world.names.length;
    this.vote = createDiskVote(
      {
        node: name,
        slot: index,
        slots,
        life: `${index}.${life}`,
        ttlMs: TTL_MS,
        driftRatio: PRESENCE_DRIFT_RATIO,
        pollMs: TTL_MS / 5,
      },
      member.localMs(),
    );
    this.feed({ kind: "tick" });
  }

  /** By the member's clock. */
  get heldUntilMs(): number {
    return this.vote.heldUntilMs;
  }

  end(): void {
    this.alive = false;
  }

  private feed(event: DiskVoteEvent): void {
    if (!this.alive) return;
    const { operation, reasons } = stepDiskVote(this.vote, event, this.member.localMs());
    for (const fact of reasons) this.world.say(this.member.name, fact.code);
    if (operation !== null) this.begin(operation);
    else {
      const waitMs = (this.vote.dueMs - this.member.localMs()) / this.member.clockRate;
      this.world.after(Math.max(1, waitMs), () => this.feed({ kind: "tick" }));
    }
  }

  /** What was sent arrives, though its sender may have died meanwhile. */
  private begin(operation: DiskOperation): void {
    const tookMs = this.world.random.fraction() * OPERATION_MS;
    this.world.after(tookMs, () => {
      const { sectors } = this.world;
      if (operation.kind === "read") this.feed({ kind: "read", slots: [...sectors] });
      else {
        const { block } = operation;
        const sight: SlotSight = { mark: `${block.life}/${block.sequence}`, block, damaged: false };
        sectors[block.slot] = sight;
        this.feed({ kind: "wrote" });
      }
    });
  }
}
