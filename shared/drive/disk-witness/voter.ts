/**
 * The process that works at a witness disk. It is one of its own because an operation on a lost disk may hang for ever, and a
 * process with a thread that hangs in the kernel can neither end nor give anything back. Its operations block: it has
 * nothing else to do. Whatever becomes of it, what it last said of the vote ends by the clock.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CreateDiskVote, DiskOperation, DiskVoteEvent, DiskVoteMachine } from "../../effect/disk-vote.ts";
import type { DiskHead } from "../../effect/disk-block.ts";
import { boottimeNs } from "../ffi/clock.ts";
import { becomeDeadlineThread } from "../ffi/deadline-thread.ts";
import { dieWithParent, SIGNAL } from "../ffi/process.ts";
import { WitnessDevice } from "./device.ts";
import { RELEASE_LINE, type FromDisk } from "./messages.ts";

/** Below the heartbeats: this process may be late, they may not. */
const PRIORITY = 40;
const LIFE_BYTES = 8;
/** The longest sleep: an order to release is heard after it. */
const MAX_SLEEP_MS = 50;

export interface VoterOptions {
  readonly path: string;
  readonly node: string;
  /** The daemon, whose end is this process's end. */
  readonly parentPid: number;
  readonly createVote: CreateDiskVote;
  readonly lines: AsyncIterable<Uint8Array>;
  readonly say: (message: FromDisk) => void;
}

/** Works at the disk until it is told to release, or its daemon dies. False: it can't be worked with. */
export async function runVoter(options: VoterOptions): Promise<boolean> {
  // No life of a node writes when its daemon is gone: the next one begins with a life of its own.
  if (!dieWithParent(SIGNAL.KILL, options.parentPid)) return false;
  becomeDeadlineThread({ name: "ha-disk-vote", priority: PRIORITY });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  try {
    const device = WitnessDevice.open(options.path, "vote");
    const head = device.head();
    const slot = head.nodes.indexOf(options.node);
    if (slot < 0) throw new Error(`it is for ${head.nodes.join(", ")}`);
    const life = randomBytes(LIFE_BYTES).toString("hex");
    const { leaseMs, nodes } = head;
    const settings = { node: options.node, slot, slots: nodes.length, life, ttlMs: leaseMs };
    const machine = options.createVote(settings, bootMs());
    await work(options, device, head, machine);
    device.close();
    return true;
  } catch (error) {
    options.say({ kind: "failed", detail: detailOf(error) });
    return false;
  }
}

async function work(
  options: VoterOptions,
  device: WitnessDevice,
  head: DiskHead,
  machine: DiskVoteMachine,
): Promise<void> {
  let releasing = false;
  void heardRelease(options.lines).then(() => (releasing = true));
  let event: DiskVoteEvent = { kind: "tick" };
  while (!machine.isReleased()) {
    if (releasing && event.kind === "tick") event = { kind: "release" };
    const { operation, reasons } = machine.step(event, bootMs());
    if (event.kind !== "tick") tellVote(options, machine);
    if (reasons.length > 0) options.say({ kind: "facts", facts: reasons });
    event = operation === null ? { kind: "tick" } : carryOut(device, head, operation);
    const waitMs = operation === null ? machine.nextDueMs() - bootMs() : 0;
    await sleep(Math.max(0, Math.min(waitMs, MAX_SLEEP_MS)));
  }
}

function tellVote(options: VoterOptions, machine: DiskVoteMachine): void {
  const heldUntilMs = machine.heldUntilMs();
  const heldMs = Number.isFinite(heldUntilMs) ? heldUntilMs : null;
  options.say({ kind: "vote", heldUntilMs: heldMs, epoch: machine.epoch() });
}

/** Blocks until the disk has answered, which may be never. */
function carryOut(device: WitnessDevice, head: DiskHead, operation: DiskOperation): DiskVoteEvent {
  try {
    if (operation.kind === "read") return { kind: "read", slots: device.read(head) };
    device.write(head, operation.block);
    return { kind: "wrote" };
  } catch (error) {
    return { kind: "failed", detail: detailOf(error) };
  }
}

async function heardRelease(lines: AsyncIterable<Uint8Array>): Promise<void> {
  let text = "";
  for await (const bytes of lines) {
    text += Buffer.from(bytes).toString();
    if (text.includes(RELEASE_LINE)) return;
    text = text.slice(-RELEASE_LINE.length);
  }
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function bootMs(): number {
  return boottimeNs() / 1e6;
}
