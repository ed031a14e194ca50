/** Scripts and what they are told of, as all sections of ha.yaml write them. */
import { z } from "zod";

export const runAsWords = { user: z.string().optional(), group: z.string().optional() };
export const scriptSchema = z.union([
  z.string().min(1),
  z.strictObject({ command: z.array(z.string()).min(1), ...runAsWords }),
]);

export const notifySchema = z.strictObject({
  master: scriptSchema.optional(),
  backup: scriptSchema.optional(),
  fault: scriptSchema.optional(),
  stop: scriptSchema.optional(),
  deleted: scriptSchema.optional(),
  lowerPriority: scriptSchema.optional(),
  any: scriptSchema.optional(),
  priorityChanges: z.boolean().optional(),
});
