import { z } from "zod";
import type { ExitCode } from "../../model/exit-codes.ts";
import type { Problem } from "../../reason/catalogue.ts";

/**
 * The control protocol: newline-delimited JSON over a Unix socket. See docs/control-protocol.md.
 * The version is raised only when an old client could misread an answer.
 */
export const PROTOCOL_VERSION = 1;

/** Longest request, and longest answer, in bytes. */
export const LONGEST_REQUEST = 1024 * 1024;
export const LONGEST_ANSWER = 64 * 1024 * 1024;
/** Connections at a time. */
export const MOST_CLIENTS = 64;
/** Requests of one client that are being worked on at a time. */
export const MOST_REQUESTS = 32;
/** Subscriptions of one client. */
export const MOST_SUBSCRIPTIONS = 16;
/** Events that wait for a slow subscriber; later ones are dropped and counted. */
export const MOST_QUEUED_EVENTS = 1000;
/** Characters of events that wait for a slow subscriber: few large ones cost as much as many small ones. */
export const MOST_QUEUED_CHARACTERS = 4 * 1024 * 1024;
/** Unsent bytes above which a client counts as slow. */
export const SLOW_AFTER_BYTES = 256 * 1024;
/** Unsent bytes above which a client that never reads is cut off. */
export const CUT_OFF_AFTER_BYTES = 2 * LONGEST_ANSWER;

export const helloSchema = z.object({
  v: z.number().int(),
  tool: z.string(),
  version: z.string(),
  host: z.string(),
  pid: z.number().int(),
  methods: z.array(z.string()),
});
/** The first line that a daemon sends. */
export type Hello = z.infer<typeof helloSchema>;

export const requestSchema = z.union([
  z.object({ id: z.number().int(), method: z.string(), params: z.record(z.string(), z.unknown()).optional() }),
  z.object({ cancel: z.number().int() }),
]);

const positionSchema = z.object({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  length: z.number().optional(),
});
const reasonValueSchema = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.string()),
  z.array(z.number()),
]);
export const problemSchema = z.object({
  code: z.string(),
  severity: z.enum(["info", "notice", "warning", "error", "critical"]),
  sentence: z.string(),
  why: z.string().optional(),
  fix: z.string().optional(),
  data: z.record(z.string(), reasonValueSchema),
  at: positionSchema.optional(),
});

export const errorSchema = z.object({ exit: z.number().int(), problems: z.array(problemSchema) });

/** A line from the daemon after the hello; exactly one of the optional fields is there. */
export const replySchema = z.object({
  id: z.number().int(),
  result: z.unknown().optional(),
  error: errorSchema.optional(),
  event: z.unknown().optional(),
  dropped: z.number().int().optional(),
  end: z.literal(true).optional(),
});
export type Reply = z.infer<typeof replySchema>;

/** A failed call: what to exit with and what to print. */
export interface ControlFailure {
  readonly ok: false;
  readonly exit: ExitCode;
  readonly problems: readonly Problem[];
}

export type ControlAnswer<Value> = { readonly ok: true; readonly result: Value } | ControlFailure;

export function answer<Value>(result: Value): ControlAnswer<Value> {
  return { ok: true, result };
}

export function refuse(exit: ExitCode, problems: readonly Problem[]): ControlFailure {
  if (problems.length === 0) throw new Error("a refusal needs at least one problem");
  return { ok: false, exit, problems };
}
