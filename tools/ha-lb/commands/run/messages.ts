import { z } from "zod";

/** Between the master and its workers. A worker trusts its master; the master checks what workers say. */
export const toWorkerSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("server"),
    backend: z.string(),
    server: z.string(),
    health: z.object({
      up: z.boolean(),
      streak: z.number(),
      admin: z.enum(["ready", "drain", "maint"]),
      stopping: z.boolean(),
      lastStatus: z.string(),
      lastDetail: z.string(),
    }),
    weight: z.number(),
    host: z.string(),
    port: z.number(),
    maxConnections: z.number(),
  }),
  z.object({ kind: z.literal("finish") }),
  /** Read the configuration again, in place. */
  /** A command of the socket that changes what each worker has for itself. */
  z.object({ kind: z.literal("command"), text: z.string(), payload: z.string().optional() }),
  z.object({ kind: z.literal("reload") }),
]);
export type ToWorker = z.infer<typeof toWorkerSchema>;

const numbers = z.record(z.string(), z.number());

export const toMasterSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("failed"), text: z.string() }),
  /** What was added to the counters since the last time, by `frontend/name`, `backend/name`, `server/backend/name`. */
  z.object({ kind: z.literal("counts"), added: z.record(z.string(), numbers), active: numbers }),
]);
export type ToMaster = z.infer<typeof toMasterSchema>;
