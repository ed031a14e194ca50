import { z } from "zod";

const numbers = z.record(z.string(), z.number());

const tableChanges = z.object({
  kind: z.literal("table"),
  table: z.string(),
  changes: z.array(
    z.object({ key: z.string(), added: numbers, assigned: numbers, server: z.string().optional() }).readonly(),
  ),
});

const entryCopy = z
  .object({
    key: z.string(),
    numbers,
    rates: z.record(z.string(), z.object({ ageMs: z.number(), current: z.number(), previous: z.number() })),
    expiresInMs: z.number().optional(),
    server: z.string().optional(),
  })
  .readonly();

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
    usesTls: z.boolean(),
  }),
  z.object({ kind: z.literal("finish") }),
  /** Read the configuration again, in place. */
  /** A command of the socket that changes what each worker has for itself. */
  z.object({ kind: z.literal("command"), text: z.string(), payload: z.string().optional() }),
  z.object({ kind: z.literal("reload") }),
  /** Numbers of shared counts, by name; how many workers there may be. Before `serve` and before `reload`. */
  z.object({ kind: z.literal("cells"), workers: z.number(), cells: numbers }),
  /** What another worker did to a stick table. */
  tableChanges,
  /** Entries of a stick table, for a worker that begins. */
  z.object({ kind: z.literal("entries"), table: z.string(), entries: z.array(entryCopy) }),
  /** It knows all that it has to: now it may listen. */
  z.object({ kind: z.literal("serve") }),
]);
export type ToWorker = z.infer<typeof toWorkerSchema>;

export const toMasterSchema = z.discriminatedUnion("kind", [
  /** The configuration is read: it asks for all else that it has to know. */
  z.object({ kind: z.literal("born") }),
  tableChanges,
  /** Traffic met too many errors in a row on a server. */
  z.object({
    kind: z.literal("errors"),
    backend: z.string(),
    server: z.string(),
    errors: z.number(),
    last: z.enum(["connected", "refused", "answered", "faulty", "junk", "silent", "closed"]),
  }),
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("failed"), text: z.string() }),
  /** What was added to the counters since the last time, by `frontend/name`, `backend/name`, `server/backend/name`. */
  z.object({ kind: z.literal("counts"), added: z.record(z.string(), numbers), active: numbers }),
]);
export type ToMaster = z.infer<typeof toMasterSchema>;
