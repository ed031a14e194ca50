/**
 * What every daemon answers to the control method `status`, and what `ha-mon` reads.
 * One report speaks for one tool on one host; the monitor joins the reports of several.
 */
import { z } from "zod";
import type { Problem } from "../reason/catalogue.ts";

/** Raised only when a field changes its meaning; new optional fields keep it. */
export const STATUS_SCHEMA = 1;

export const SERVICE_STATES = ["up", "degraded", "moved", "starting", "stopping", "down", "unknown"] as const;
/** How a service as a whole is doing, as this host sees it. */
export type ServiceState = (typeof SERVICE_STATES)[number];

export const CELL_STATES = ["active", "standby", "failed", "maintenance", "absent", "unknown"] as const;
/** What this one host does for a service. */
export type CellState = (typeof CELL_STATES)[number];

export const cellStatusSchema = z.object({
  state: z.enum(CELL_STATES),
  /** A few words for the host's cell: `214 r/s`, `sync 0 B`. */
  text: z.string().max(64).optional(),
});

export const serviceStatusSchema = z.object({
  /** The service's name, the same on every host: rows with one name are joined. */
  name: z.string().max(128),
  kind: z.enum(["vip", "lb", "app", "repl", "fs"]),
  state: z.enum(SERVICE_STATES),
  here: cellStatusSchema,
  /** What this daemon knows of other hosts, by host name, when it knows (a replica's lag, say). */
  elsewhere: z.record(z.string(), cellStatusSchema).optional(),
  /** What is being done to it right now. */
  action: z
    .object({
      /** `stopping`, `moving to node2` */
      what: z.string().max(64),
      sinceMs: z.number(),
      limitMs: z.number().optional(),
      /** Who asked for it, when somebody did. */
      by: z.string().max(64).optional(),
    })
    .optional(),
  /** A few words for the row: `pri 102/103`, `3/3 servers up`. */
  detail: z.string().max(200).optional(),
  /** When it came into this state, Unix time in ms. */
  sinceMs: z.number().optional(),
});
export type ServiceStatus = z.infer<typeof serviceStatusSchema>;

export const attentionSchema = z.object({
  code: z.string(),
  severity: z.enum(["info", "notice", "warning", "error", "critical"]),
  /** The service or node that it is about. */
  subject: z.string(),
  sentence: z.string(),
  why: z.string().optional(),
  fix: z.string().optional(),
  sinceMs: z.number().optional(),
});
/** Something that an operator should look at now. */
export type Attention = z.infer<typeof attentionSchema>;

export const statusEventSchema = z.object({
  atMs: z.number(),
  code: z.string(),
  severity: z.enum(["info", "notice", "warning", "error", "critical"]),
  sentence: z.string(),
});
/** Something that happened. The host and the tool are those of the report. */
export type StatusEvent = z.infer<typeof statusEventSchema>;

export const NODE_STATES = ["online", "standby", "maintenance", "joining", "offline", "fenced", "unknown"] as const;

/** A host as the reporting daemon sees it. */
export const nodeStatusSchema = z.object({
  name: z.string().max(128),
  state: z.enum(NODE_STATES),
  role: z.enum(["member", "coordinator", "learner", "witness"]).optional(),
  /** Paths to it that work, of those that there should be. */
  links: z.object({ up: z.number().int(), total: z.number().int() }).optional(),
  /** Load average of one minute. */
  load: z.number().optional(),
  clockOffsetMs: z.number().optional(),
  /** The configuration it runs, and whether that is the newest. */
  configuration: z.object({ revision: z.string(), current: z.boolean() }).optional(),
});

/** What is true of the cluster as a whole; only daemons that know it say it. */
export const clusterStatusSchema = z.object({
  name: z.string().max(128),
  quorum: z.object({ quorate: z.boolean(), votes: z.number().int(), expected: z.number().int() }).optional(),
  fencing: z
    .object({ state: z.enum(["proven", "untested", "failing", "off"]), provenAtMs: z.number().optional() })
    .optional(),
  /** Downtime of the current period against the target. */
  budget: z
    .object({ targetPercent: z.number(), period: z.string().max(32), usedMs: z.number(), allowedMs: z.number() })
    .optional(),
  lastFailover: z.object({ atMs: z.number(), tookMs: z.number() }).optional(),
});

/** How many events a report carries at most, newest first. */
export const MAX_STATUS_EVENTS = 100;

export const statusReportSchema = z.object({
  schema: z.literal(STATUS_SCHEMA),
  tool: z.enum(["ha-vip", "ha-lb", "ha-crm", "ha-repl", "ha-fs"]),
  version: z.string(),
  host: z.string(),
  /** The host's wall clock when the report was made, Unix ms: shows clock differences and staleness. */
  sampledAtMs: z.number(),
  /** Where the running configuration came from: a file's path or `command line`. */
  configuration: z.string(),
  cluster: clusterStatusSchema.optional(),
  nodes: z.array(nodeStatusSchema).optional(),
  services: z.array(serviceStatusSchema),
  attention: z.array(attentionSchema),
  events: z.array(statusEventSchema).max(MAX_STATUS_EVENTS),
});
export type StatusReport = z.infer<typeof statusReportSchema>;

/** A problem in words, as something to look at. */
export function attentionOf(problem: Problem, subject: string, sinceMs?: number): Attention {
  const { code, severity, sentence, why, fix } = problem;
  return {
    code,
    severity,
    subject,
    sentence,
    ...(why === undefined ? {} : { why }),
    ...(fix === undefined ? {} : { fix }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}
