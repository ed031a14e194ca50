/** `ha-crm witness-disk`: a disk that two nodes share, as their third vote. */
import { writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import type { Command } from "../../../shared/cli/command.ts";
import { defineCommand } from "../../../shared/cli/command.ts";
import { diskVoteMachine } from "../../../shared/decide/quorum/disk-vote.ts";
import { WitnessDevice } from "../../../shared/drive/disk-witness/device.ts";
import { runVoter } from "../../../shared/drive/disk-witness/voter.ts";
import { CORE_REASONS } from "../../../shared/model/core-reasons.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { describe, reason, type Problem } from "../../../shared/reason/catalogue.ts";

const DISK = {
  type: "string",
  placeholder: "PATH",
  summary: "the shared disk, or a file on one",
  required: true,
} as const;
/** Both nodes are named when the disk is made: each has a place of its own on it. */
const NODES = 2;
const LEASE_MS = { least: 1000, usual: 5000, most: 120_000 } as const;

function problemOf(path: string, error: unknown): Problem {
  const detail = error instanceof Error ? error.message : String(error);
  return describe(CORE_REASONS, reason(CORE_REASONS, "CORE_DISK_UNUSABLE", { path, detail }));
}

const createCommand = defineCommand({
  name: ["witness-disk", "create"],
  summary: "Make an empty shared disk the third vote of two nodes",
  description:
    "Run it once, on one of the nodes. The disk needs 20 KiB that nobody else uses, on storage that both nodes reach: a " +
    "LUN, a partition of one, or a file on it. It is read and written past all caches. What isn't empty is refused. The " +
    "lease is how long a vote lasts: a node that can't reach the disk for so long has lost it, and the other node gets it " +
    "after at most twice that time. Use a lease that is longer than your storage takes to change its paths.",
  options: {
    disk: DISK,
    node: { type: "string", repeatable: true, placeholder: "NAME", summary: "each of the two nodes" },
    lease: {
      type: "duration",
      summary: "how long a vote lasts",
      default: LEASE_MS.usual,
      leastMs: LEASE_MS.least,
      mostMs: LEASE_MS.most,
    },
  },
  examples: [
    {
      run: "ha-crm witness-disk create --disk /dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part1 --node a --node b",
      does: "makes the partition the third vote of a and b",
    },
  ],
  run({ options, out }) {
    const nodes = [...new Set(options.node ?? [])];
    if (nodes.length !== NODES) {
      return out.problems([describe(CORE_REASONS, reason(CORE_REASONS, "CORE_DISK_NODES", { nodes }))], EXIT.usage);
    }
    const head = { id: randomBytes(16).toString("hex"), leaseMs: options.lease, nodes };
    try {
      WitnessDevice.create(options.disk, head);
    } catch (error) {
      return out.problems([problemOf(options.disk, error)], EXIT.error);
    }
    return out.show({ json: head, text: `${options.disk} votes for ${nodes.join(" or ")}` });
  },
});

const showCommand = defineCommand({
  name: ["witness-disk", "show"],
  summary: "Show what the nodes last wrote on a witness disk",
  options: { disk: DISK },
  examples: [{ run: "ha-crm witness-disk show --disk /dev/sdc1", does: "tells which node claims or holds its vote" }],
  run({ options, out }) {
    try {
      const device = WitnessDevice.open(options.disk, "look");
      const head = device.head();
      const slots = device.read(head).map(({ block, damaged }, slot) => ({
        node: head.nodes[slot] ?? "",
        state: damaged ? "damaged" : (block?.flag ?? "never used"),
        epoch: block?.epoch ?? null,
        writes: block?.sequence ?? null,
      }));
      device.close();
      const lines = slots.map(
        ({ node, state, epoch }) => `${node}: ${state}${epoch === null ? "" : `, claim ${epoch}`}`,
      );
      const text = [`lease ${head.leaseMs} ms`, ...lines].join("\n");
      return out.show({ json: { id: head.id, leaseMs: head.leaseMs, slots }, text });
    } catch (error) {
      return out.problems([problemOf(options.disk, error)], EXIT.error);
    }
  },
});

/** The process that a daemon starts beside itself; see `DiskVoteClient`. */
const voterCommand = defineCommand({
  name: ["witness-disk", "voter"],
  summary: "The process that works at the disk",
  hidden: true,
  options: {
    disk: DISK,
    node: { type: "string", summary: "this node", required: true },
    parent: { type: "number", summary: "the daemon's process", required: true },
  },
  async run({ options }): Promise<ExitCode> {
    const ran = await runVoter({
      path: options.disk,
      node: options.node,
      parentPid: options.parent,
      createVote: diskVoteMachine,
      lines: Bun.stdin.stream(),
      say: (message) => void writeSync(1, `${JSON.stringify(message)}\n`),
    });
    // The wait for orders would keep it alive.
    process.exit(ran ? EXIT.ok : EXIT.error);
  },
});

export const witnessDiskCommands: readonly Command[] = [createCommand, showCommand, voterCommand];
