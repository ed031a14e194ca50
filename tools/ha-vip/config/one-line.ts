/** `--vip 10.0.0.100/24 --dev eth0 --check tcp://…`: a whole configuration without a file. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import type { IpAddress } from "../../../shared/text/address.ts";
import type { Position } from "../../../shared/text/position.ts";
import { formatPrefix, type IpPrefix, parsePrefix } from "../../../shared/text/prefix.ts";
import { CHECK_FORMS, parseCheckTarget } from "./check-target.ts";
import { isError } from "./reader.ts";
import { checkConfiguration } from "../model/check-configuration.ts";
import { configReasons } from "../model/config-reasons.ts";
import {
  type CheckSettings,
  QUICK_CHECK,
  type RouterConfiguration,
  type VipConfiguration,
} from "../model/configuration.ts";
import { ROUTER_DEFAULTS } from "../model/router.ts";
import type { WitnessSettings } from "../model/witness.ts";

export interface OneLine {
  readonly vips: readonly string[];
  readonly device: string;
  readonly checks: readonly string[];
  readonly vrid?: number;
  readonly priority: number;
  readonly intervalMs: number;
  readonly preempt: boolean;
  readonly witness?: WitnessSettings;
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

function readChecks(texts: readonly string[], problems: Reason[]): CheckSettings[] {
  return texts.flatMap((text) => {
    const target = parseCheckTarget(text);
    if (target !== undefined) return [{ name: text, target, ...QUICK_CHECK }];
    const data = {
      word: "--check",
      needs: CHECK_FORMS,
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
        ...ROUTER_DEFAULTS,
        name: formatPrefix(first),
        vrid: line.vrid ?? vridOf(first.address),
        family: first.address.family,
        version: 3,
        device: line.device,
        priority: line.priority,
        intervalMs: line.intervalMs,
        preempt: line.preempt,
        addresses: vips.map(({ address, length }) => ({ address, prefixLength: length })),
        witness: line.witness !== undefined,
      },
      tracks: tracks.map((check) => ({ check })),
      notify: {},
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
  const witness = line.witness === undefined ? {} : { witness: line.witness };
  const configuration: VipConfiguration = {
    origin: "command line",
    routers,
    checks,
    groups: [],
    fifos: [],
    ...witness,
  };
  problems.push(...checkConfiguration(configuration).map((fact) => ({ ...fact, at: COMMAND_LINE })));
  return problems.some(isError) ? fail(problems) : ok(configuration, problems);
}
