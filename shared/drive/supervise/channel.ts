import { z } from "zod";

/** The descriptor on which a supervised process finds its supervisor: one end of a socket pair. */
export const CHANNEL_FD = 3;
/** Longest message, in bytes: a testament is the largest. */
export const LONGEST_MESSAGE = 256 * 1024;

/** What the child tells its supervisor. */
export const childMessageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("beat") }),
  z.object({ kind: z.literal("ready"), status: z.string().optional() }),
  z.object({ kind: z.literal("status"), text: z.string() }),
  /** What the supervisor must know when the child dies: which addresses it held, say. Replaces the one before. */
  z.object({ kind: z.literal("testament"), value: z.unknown() }),
  /** The child takes longer than a beat on purpose (a blocking start-up step). */
  z.object({ kind: z.literal("busy"), forMs: z.number() }),
]);
export type ChildMessage = z.infer<typeof childMessageSchema>;

/** Reads one line; undefined for one that isn't a message (of another version). */
export function readChildMessage(line: string): ChildMessage | undefined {
  try {
    return childMessageSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
