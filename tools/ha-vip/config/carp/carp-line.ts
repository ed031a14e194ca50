/** `--vip 10.0.0.100/24 --dev eth0 --carp 7 --password-file FILE`: CARP without a configuration file. */
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../../shared/reason/result.ts";
import { CARP_DEFAULTS, type CarpConfiguration } from "../../model/carp/carp.ts";
import { configReasons } from "../../model/config-reasons.ts";
import type { VipConfiguration } from "../../model/configuration.ts";
import { DEFAULT_ANNOUNCE } from "../../model/router.ts";

export interface CarpLine {
  readonly vhid: number;
  readonly device: string;
  readonly passwordFile: string;
  readonly advbase: number;
  readonly advskew: number;
  readonly preempt: boolean;
}

const COMMAND_LINE = { file: "argv", line: 1, column: 1 };

/** The same line without CARP, as one group. */
export function carpLine(line: VipConfiguration, words: CarpLine): Result<VipConfiguration> {
  const { advbase, advskew, device, passwordFile, preempt, vhid } = words;
  const problems: Reason[] = [];
  const [first] = line.routers;
  if (line.routers.some((router) => router.settings.family !== 4)) {
    const data = {
      word: "--vip",
      needs: "an IPv4 address: CARP over IPv6 is not spoken",
      example: "--vip 10.0.0.100/24",
    };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, COMMAND_LINE));
  }
  if (advbase === 0 && advskew === 0) {
    const data = { word: "--advbase", needs: "to be above 0, or an --advskew above 0", example: "--advbase 1" };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, COMMAND_LINE));
  }
  if (first === undefined || problems.length > 0) return fail(problems);
  const carp: CarpConfiguration = {
    settings: {
      name: first.settings.name,
      vhid,
      device,
      rank: { base: advbase, skew: advskew },
      deadRatio: CARP_DEFAULTS.deadRatio,
      preempt,
      addresses: first.settings.addresses,
      passwordFile,
      announce: DEFAULT_ANNOUNCE,
    },
    tracks: first.tracks,
    notify: {},
  };
  return ok({ ...line, routers: [], carps: [carp] });
}
