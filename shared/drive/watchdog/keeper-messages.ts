import { z } from "zod";

/** What a daemon and its keeper say to each other: lines of JSON over the keeper's socket. */
/** What fits into a socket's buffer in one piece. */
const MAX_WATCHED = 1024;
export const LONGEST_KEEPER_LINE = 1024 * 1024;

export const watchedSchema = z.object({
  /** Process groups to kill, with the leader's start time from /proc, so that nobody is hit who got the number later. */
  groups: z.array(z.object({ pid: z.number().int().positive(), startTicks: z.string() })).max(MAX_WATCHED),
  addresses: z
    .array(z.object({ device: z.string(), address: z.string(), prefixLength: z.number().int() }))
    .max(MAX_WATCHED),
});
export type Watched = z.infer<typeof watchedSchema>;

const number = z.number().int().positive();
export const orderSchema = z.discriminatedUnion("kind", [
  /** Bite at this moment of CLOCK_BOOTTIME (milliseconds); null: nothing to fear. */
  z.object({ kind: z.literal("feed"), number, biteAtMs: z.number().nullable() }),
  z.object({ kind: z.literal("watch"), number, watched: watchedSchema }),
]);
export type KeeperOrder = z.infer<typeof orderSchema>;

const biteSchema = z.object({
  killed: z.array(z.number()),
  removed: z.array(z.string()),
  failed: z.array(z.string()),
});
/** What a keeper had to do. */
export type Bite = z.infer<typeof biteSchema>;

export const saidSchema = z.discriminatedUnion("kind", [
  /** To whoever connects: what is being kept, and what was bitten while nobody listened. */
  z.object({
    kind: z.literal("hello"),
    pid: z.number(),
    biteAtMs: z.number().nullable(),
    watched: watchedSchema,
    lastBite: biteSchema.nullable(),
  }),
  /** The order with this number is in force. */
  z.object({ kind: z.literal("done"), number }),
  z.object({ kind: z.literal("bite"), bite: biteSchema }),
]);
export type KeeperSaid = z.infer<typeof saidSchema>;
