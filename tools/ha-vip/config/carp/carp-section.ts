/** The list `carp:` of ha.yaml → the model. */
import { z } from "zod";
import type { Position } from "../../../../shared/text/position.ts";
import { addressWord, prefixWord } from "../../../../shared/text/zod-words.ts";
import { notifySchema } from "../notify-schema.ts";
import { CARP_DEFAULTS, type CarpConfiguration } from "../../model/carp/carp.ts";
import { DEFAULT_ANNOUNCE } from "../../model/router.ts";
import { passedAddress, passedPrefix } from "../schema-texts.ts";

export const carpSchema = z.strictObject({
  name: z.string().min(1).max(128),
  vhid: z.number().int().min(1).max(255),
  device: z.string().min(1).max(15),
  addresses: z.array(prefixWord()).min(1).max(64),
  /** The shared secret, 20 bytes at most, in the first line of a file that only root reads. */
  passwordFile: z.string().min(1),
  advbase: z.number().int().min(0).max(254).default(CARP_DEFAULTS.rank.base),
  advskew: z.number().int().min(0).max(254).default(CARP_DEFAULTS.rank.skew),
  deadRatio: z.number().int().min(1).max(100).default(CARP_DEFAULTS.deadRatio),
  preempt: z.boolean().default(CARP_DEFAULTS.preempt),
  source: addressWord().optional(),
  checks: z.array(z.string()).default([]),
  notify: notifySchema.default({}),
});

export type CarpSection = z.output<typeof carpSchema>;

/** What makes a group impossible, in words; undefined when nothing does. */
export function carpMistake({ settings }: CarpConfiguration): { needs: string; example: string } | undefined {
  const { addresses, rank } = settings;
  if (addresses.some((one) => one.address.family !== 4)) {
    return { needs: "IPv4 addresses: CARP over IPv6 is not spoken", example: "addresses: [10.0.0.100/24]" };
  }
  if (rank.base === 0 && rank.skew === 0) {
    return { needs: "an advbase or an advskew above 0", example: "advbase: 1" };
  }
  return undefined;
}

/** One entry of the list, without its scripts. */
export function readCarp(section: CarpSection, at: Position): CarpConfiguration {
  const { addresses, advbase, advskew, checks, notify: _scripts, source, ...rest } = section;
  return {
    settings: {
      ...rest,
      rank: { base: advbase, skew: advskew },
      addresses: addresses.map(passedPrefix).map(({ address, length }) => ({ address, prefixLength: length })),
      announce: DEFAULT_ANNOUNCE,
      ...(source === undefined ? {} : { source: passedAddress(source) }),
    },
    tracks: checks.map((check) => ({ check, at })),
    notify: {},
    at,
  };
}
