/** `--vip 10.0.0.100/24 --dev eth0 --check tcp://…`: a whole configuration without a file. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import type { IpAddress } from "../../../shared/text/address.ts";
import type { Position } from "../../../shared/text/position.ts";
import { parseEndpoint } from "../../../shared/text/endpoint.ts";
import { formatPrefix, type IpPrefix, parsePrefix } from "../../../shared/text/prefix.ts";
import { configReasons } from "../model/config-reasons.ts";
import {
  type CheckSettings,
  type CheckTarget,
  QUICK_CHECK,
  type RouterConfiguration,
  type VipConfiguration,
} from "../model/configuration.ts";
import { DEFAULT_ANNOUNCE } from "../model/router.ts";

export interface OneLine {
  readonly vips: readonly string[];
  readonly device: string;
  readonly checks: readonly string[];
  readonly vrid?: number;
  readonly priority: number;
  readonly intervalMs: number;
  readonly preempt: boolean;
}

const COMMAND_LINE: Position = { file: "argv", line: 1, column: 1 };

/**
 * A virtual router number for an address, so that hosts with the same address find each other without
 * being told a number: a sum over its bytes, 1 to 255.
 */
export function vridOf(address: IpAddress): number {
  let sum = 0;
  for (const byte of address.bytes) sum = (sum * 31 + byte) % 255;
  return sum + 1;
}

function readTarget(text: string): CheckTarget | undefined {
  if (/^https?:\/\/[^/]/.test(text)) return { kind: "http", url: text };
  const scheme = /^(tcp|exec):(\/\/)?(.+)$/.exec(text);
  if (scheme?.[1] === "exec") return { kind: "exec", argv: (scheme[3] ?? "").trim().split(/\s+/) };
  const endpoint = scheme?.[1] === "tcp" ? parseEndpoint(scheme[3] ?? "") : undefined;
  return endpoint?.ok === true && endpoint.value.port !== undefined
    ? { kind: "tcp", host: endpoint.value.host, port: endpoint.value.port }
    : undefined;
}

function readChecks(texts: readonly string[], problems: Reason[]): CheckSettings[] {
  return texts.flatMap((text) => {
    const target = readTarget(text);
    if (target !== undefined) return [{ name: text, target, ...QUICK_CHECK }];
    const data = {
      word: "--check",
      needs: "tcp://HOST:PORT, http://… or exec:COMMAND",
      example: "--check tcp://127.0.0.1:80",
    };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, COMMAND_LINE));
    return [];
  });
}

/** All addresses of one family move together, as one router. */
function routerOf(line: OneLine, vips: readonly IpPrefix[], tracks: readonly string[]): RouterConfiguration[] {
  const [first] = vips;
  if (first === undefined) return [];
  return [
    {
      settings: {
        name: formatPrefix(first),
        vrid: line.vrid ?? vridOf(first.address),
        family: first.address.family,
        version: 3,
        device: line.device,
        priority: line.priority,
        intervalMs: line.intervalMs,
        preempt: line.preempt,
        preemptDelayMs: 0,
        addresses: vips.map(({ address, length }) => ({ address, prefixLength: length })),
        excludedAddresses: [],
        peers: [],
        announce: DEFAULT_ANNOUNCE,
      },
      tracks: tracks.map((check) => ({ check })),
      trackedDevices: [],
    },
  ];
}

/** Reads the options of `ha-vip run`; all mistakes at once. */
export function parseOneLine(line: OneLine): Result<VipConfiguration> {
  const problems: Reason[] = [];
  const vips: IpPrefix[] = [];
  for (const text of line.vips) {
    const read = parsePrefix(text, { at: COMMAND_LINE });
    if (read.ok) vips.push(read.value);
    else problems.push(read.problem);
  }
  const checks = readChecks(line.checks, problems);
  if (problems.length > 0) return fail(problems);
  const names = checks.map((check) => check.name);
  const routers = ([4, 6] as const).flatMap((family) =>
    routerOf(
      line,
      vips.filter((vip) => vip.address.family === family),
      names,
    ),
  );
  return ok({ origin: "command line", routers, checks });
}
