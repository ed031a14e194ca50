/** From the command line to a configuration: a keepalived.conf, or the options of one line. */
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { type Problem, describe, type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { type Result, fail, ok } from "../../../shared/reason/result.ts";
import { textReasons } from "../../../shared/reason/text-reasons.ts";
import { makeSource, type Source } from "../../../shared/text/source.ts";
import { parseAddress } from "../../../shared/text/address.ts";
import { parseEndpoint } from "../../../shared/text/endpoint.ts";
import type * as HaYaml from "../config/ha-yaml.ts";
import { carpLine } from "../config/carp/carp-line.ts";
import { poolLine } from "../config/pool/pool-section.ts";
import { parseKeepalived } from "../config/keepalived.ts";
import { parseOneLine } from "../config/one-line.ts";
import type { IncludeReader } from "../config/source-lines.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { VipConfiguration } from "../model/configuration.ts";
import { WITNESS_PORT, type WitnessSettings } from "../model/witness.ts";
import { readWitnessKey } from "../drive/witness-key.ts";
import { expandPools } from "./pool/expand-pools.ts";
import type * as PasswordFiles from "./carp/password-files.ts";
import { unsafeScripts } from "./script-safety.ts";

export interface LoadOptions {
  readonly config?: string | undefined;
  readonly vip?: readonly string[] | undefined;
  readonly dev?: string | undefined;
  readonly check?: readonly string[] | undefined;
  readonly vrid?: number | undefined;
  readonly priority?: number | undefined;
  readonly interval: number;
  readonly preempt: boolean;
  readonly witness?: string | undefined;
  readonly "witness-key"?: string | undefined;
  readonly "config-id"?: string | undefined;
  readonly pool?: string | undefined;
  readonly carp?: number | undefined;
  readonly "password-file"?: string | undefined;
  readonly advbase?: number | undefined;
  readonly advskew?: number | undefined;
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

function missing<Value>(word: string, example: string): Result<Value> {
  return fail([reason(configReasons, "VIP_CONF_MISSING", { where: "the command line", word, example }, ARGV)]);
}

/** The files of an `include`, with wildcards; absolute. */
function includeReader(sources: Source[]): IncludeReader {
  return (pattern) => {
    try {
      const plain = !/[*?[{]/.test(pattern);
      const found = plain ? [pattern] : [...new Bun.Glob(pattern.slice(1)).scanSync({ cwd: "/", absolute: true })];
      return found.toSorted().map((file) => {
        const text = readFileSync(file, "utf8");
        sources.push(makeSource(file, text));
        return { file, text };
      });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
}

/** Loaded when there is such a file: the reader of YAML is large, and most daemons never need it. */
function haYaml(): typeof HaYaml {
  return require("../config/ha-yaml.ts");
}

function loadFile(path: string, configId: string | undefined): Loaded {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { result: fail([reason(configReasons, "VIP_CONF_UNREADABLE", { path, detail }, ARGV)]), sources: [] };
  }
  const sources = [makeSource(path, text)];
  if (/\.ya?ml$/.test(path)) return { result: haYaml().parseHaYaml(makeSource(path, text)), sources };
  const id = configId ?? hostname().split(".", 1)[0] ?? "";
  const absolute = resolve(path);
  const result = parseKeepalived(path, text, {
    configId: id,
    // Names are relative to the file that includes, wherever the daemon was started.
    include: (pattern) => includeReader(sources)(isAbsolute(pattern) ? pattern : join(dirname(absolute), pattern)),
  });
  return { result: withScriptProblems(result), sources };
}

/** Scripts are judged where they are: a file's owner and rights aren't in the configuration. */
function withScriptProblems(result: Result<VipConfiguration>): Result<VipConfiguration> {
  if (!result.ok) return result;
  const found = unsafeScripts(result.value);
  return found.length === 0 ? result : fail([...found, ...result.warnings]);
}

function witnessOf(options: LoadOptions): Result<WitnessSettings | undefined> {
  const { witness, "witness-key": keyFile } = options;
  if (witness === undefined) return ok(undefined);
  if (keyFile === undefined) return missing("--witness-key", "--witness-key /etc/ha-vip/witness.key");
  const read = parseEndpoint(witness, { defaultPort: WITNESS_PORT, at: ARGV });
  if (!read.ok) return fail([read.problem]);
  const address = parseAddress(read.value.host, ARGV);
  if (!address.ok) return fail([address.problem]);
  return ok({ address: read.value.host, port: read.value.port ?? WITNESS_PORT, keyFile });
}

/** `--carp VHID`: the same options for addresses and checks, another protocol. */
function loadCarpLine(options: LoadOptions, vhid: number, device: string): Result<VipConfiguration> {
  const { advbase = 1, advskew = 0, "password-file": passwordFile, preempt } = options;
  if (passwordFile === undefined) return missing("--password-file", "--password-file /etc/ha-vip/carp.password");
  const line = parseOneLine({
    vips: options.vip ?? [],
    device,
    checks: options.check ?? [],
    priority: LEAST_PRIORITY,
    intervalMs: options.interval,
    preempt,
  });
  return line.ok ? carpLine(line.value, { vhid, device, passwordFile, advbase, advskew, preempt }) : line;
}

/** Secrets are looked at where they are: a file's owner and rights aren't in the configuration. */
function withPasswordFiles(loaded: Loaded): Loaded {
  const { result } = loaded;
  if (!result.ok) return loaded;
  const { bgp, carps = [] } = result.value;
  if (bgp === undefined && carps.length === 0) return loaded;
  const { unreadablePasswords } = require("./carp/password-files.ts") as typeof PasswordFiles;
  return { ...loaded, result: ok(result.value, [...result.warnings, ...unreadablePasswords(carps, bgp)]) };
}

/** Without its key a host could not ask its witness, and would take over unasked: refused before anything runs. */
function withWitnessKey(loaded: Loaded): Loaded {
  const { result } = loaded;
  if (!result.ok || result.value.witness === undefined) return loaded;
  const key = readWitnessKey(result.value.witness.keyFile);
  return Buffer.isBuffer(key) ? loaded : { ...loaded, result: fail([key, ...result.warnings]) };
}

/** What this host may be called in a list of members. */
function namesOfHost(): ReadonlySet<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const [short = ""] = hostname().split(".", 1);
  return new Set([hostname(), short, ...addresses.map((one) => one.address)]);
}

/** Warnings of reading are kept beside those of the pools. */
function withPools(loaded: Loaded): Loaded {
  const { result } = loaded;
  if (!result.ok || (result.value.pools ?? []).length === 0) return loaded;
  const expanded = expandPools(result.value, namesOfHost());
  if (!expanded.ok) return { ...loaded, result: fail([...expanded.problems, ...result.warnings]) };
  return { ...loaded, result: ok(expanded.value, [...result.warnings, ...expanded.warnings]) };
}

/** Reads what the command line names. Never throws for what an operator may get wrong. */
export function loadConfiguration(options: LoadOptions): Loaded {
  return withWitnessKey(withPasswordFiles(withPools(loadUnexpanded(options))));
}

function loadUnexpanded(options: LoadOptions): Loaded {
  if (options.config !== undefined) return loadFile(options.config, options["config-id"]);
  const vips = options.vip ?? [];
  if (vips.length === 0) return { result: missing("--vip or --config", "--vip 10.0.0.100/24 --dev eth0"), sources: [] };
  if (options.dev === undefined) return { result: missing("--dev", "--dev eth0"), sources: [] };
  if (options.carp !== undefined) return { result: loadCarpLine(options, options.carp, options.dev), sources: [] };
  const witness = witnessOf(options);
  if (!witness.ok) return { result: witness, sources: [] };
  const result = parseOneLine({
    vips,
    device: options.dev,
    checks: options.check ?? [],
    ...(options.vrid === undefined ? {} : { vrid: options.vrid }),
    priority: options.priority ?? priorityOfHost(options.dev),
    intervalMs: options.interval,
    preempt: options.preempt,
    ...(witness.value === undefined ? {} : { witness: witness.value }),
  });
  if (options.pool === undefined || !result.ok) return { result, sources: [] };
  return { result: poolLine(result.value, options.pool.split(",")), sources: [] };
}

/** Reasons of reading in words. */
export function inWords(reasons: readonly Reason[]): readonly Problem[] {
  return reasons.map((fact) => describe({ ...textReasons, ...configReasons }, fact));
}
