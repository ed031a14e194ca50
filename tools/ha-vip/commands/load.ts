/** From the command line to a configuration: a keepalived.conf, or the options of one line. */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Problem, describe, type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { type Result, fail } from "../../../shared/reason/result.ts";
import { textReasons } from "../../../shared/reason/text-reasons.ts";
import { makeSource, type Source } from "../../../shared/text/source.ts";
import { parseKeepalived } from "../config/keepalived.ts";
import { parseOneLine } from "../config/one-line.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { VipConfiguration } from "../model/configuration.ts";

export interface LoadOptions {
  readonly config?: string | undefined;
  readonly vip?: readonly string[] | undefined;
  readonly dev?: string | undefined;
  readonly check?: readonly string[] | undefined;
  readonly vrid?: number | undefined;
  readonly priority?: number | undefined;
  readonly interval: number;
  readonly preempt: boolean;
}

export interface Loaded {
  readonly result: Result<VipConfiguration>;
  readonly sources: readonly Source[];
}

const ARGV = { file: "argv", line: 1, column: 1 };

/** Neighbouring hosts differ by this much: about 14 ms of skew time at 100 ms, enough for one to hear the other. */
const PRIORITY_STEP = 37;
const LEAST_PRIORITY = 100;
/** A prime number: every last byte from 0 to 150 gets a priority of its own. */
const PRIORITIES = 151;

/**
 * A priority of one's own for each host, made from the last byte of its address: hosts with one command line must
 * not be equal, or two backups would take over in the same moment. 100 to 250: the higher, the sooner it takes over.
 */
export function priorityOfHost(device: string): number {
  const own = networkInterfaces()[device]?.find((one) => one.family === "IPv4") ?? networkInterfaces()[device]?.[0];
  const last =
    own === undefined ? 0 : Number.parseInt(own.address.split(/[.:]/).at(-1) ?? "0", own.family === "IPv4" ? 10 : 16);
  return LEAST_PRIORITY + (((Number.isNaN(last) ? 0 : last) * PRIORITY_STEP) % PRIORITIES);
}

function missing(word: string, example: string): Result<VipConfiguration> {
  return fail([reason(configReasons, "VIP_CONF_MISSING", { where: "the command line", word, example }, ARGV)]);
}

function loadFile(path: string): Loaded {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { result: fail([reason(configReasons, "VIP_CONF_UNREADABLE", { path, detail }, ARGV)]), sources: [] };
  }
  return { result: parseKeepalived(path, text), sources: [makeSource(path, text)] };
}

/** Reads what the command line names. Never throws for what an operator may get wrong. */
export function loadConfiguration(options: LoadOptions): Loaded {
  if (options.config !== undefined) return loadFile(options.config);
  const vips = options.vip ?? [];
  if (vips.length === 0) return { result: missing("--vip or --config", "--vip 10.0.0.100/24 --dev eth0"), sources: [] };
  if (options.dev === undefined) return { result: missing("--dev", "--dev eth0"), sources: [] };
  const result = parseOneLine({
    vips,
    device: options.dev,
    checks: options.check ?? [],
    ...(options.vrid === undefined ? {} : { vrid: options.vrid }),
    priority: options.priority ?? priorityOfHost(options.dev),
    intervalMs: options.interval,
    preempt: options.preempt,
  });
  return { result, sources: [] };
}

/** Reasons of reading in words. */
export function inWords(reasons: readonly Reason[]): readonly Problem[] {
  return reasons.map((fact) => describe({ ...textReasons, ...configReasons }, fact));
}
