import { z } from "zod";
import type { Reason } from "../../reason/catalogue.ts";

/** What the process at the disk says to its daemon: lines of JSON on its standard output. */
export type FromDisk =
  /** After every operation: until when the disk votes for this node (CLOCK_BOOTTIME, ms; null: it doesn't). */
  | { readonly kind: "vote"; readonly heldUntilMs: number | null; readonly epoch: number }
  | { readonly kind: "facts"; readonly facts: readonly Reason[] }
  /** The process ends: it can't work with this disk at all. */
  | { readonly kind: "failed"; readonly detail: string };

const value = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string()), z.array(z.number())]);

export const fromDiskSchema: z.ZodType<FromDisk> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("vote"), heldUntilMs: z.number().nullable(), epoch: z.number() }),
  z.object({
    kind: z.literal("facts"),
    facts: z.array(z.object({ code: z.string(), data: z.record(z.string(), value) })),
  }),
  z.object({ kind: z.literal("failed"), detail: z.string() }),
]);

/** The only order to the process: give the vote back, and end. */
export const RELEASE_LINE = "release";
