import { hostname } from "node:os";
import { Logger } from "./logger.ts";
import type { LogSeverity } from "./record.ts";
import { defaultLogTarget, openLogTarget, type LogTarget } from "./target.ts";

/** How often waiting lines and untold repeats are tried again. */
const FLUSH_EVERY_MS = 250;

export interface OpenLogSpec {
  readonly tool: string;
  /** Stderr in the form that suits the environment when absent. */
  readonly targets?: readonly LogTarget[] | undefined;
  readonly least?: LogSeverity;
  /** The kernel's host name when absent. */
  readonly host?: string;
}

/** The log of a daemon or of a Worker; a Worker that blocks has no timer, its lines are tried again with each new one. */
export function openLog(spec: OpenLogSpec): Logger {
  const targets = spec.targets ?? [defaultLogTarget(process.env)];
  const logger = Logger.create({
    origin: { tool: spec.tool, host: spec.host ?? hostname(), pid: process.pid },
    outlets: targets.map((target) => openLogTarget(target, spec.least)),
    nowMs: Date.now,
  });
  setInterval(() => {
    logger.flush();
  }, FLUSH_EVERY_MS).unref();
  return logger;
}
