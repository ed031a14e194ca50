/** The section `bgp:` of ha.yaml → the model. */
import { z } from "zod";
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import type { Position } from "../../../../shared/text/position.ts";
import { formatPrefix, networkOf } from "../../../../shared/text/prefix.ts";
import { addressWord, durationWord, prefixWord } from "../../../../shared/text/zod-words.ts";
import { notifySchema } from "../notify-schema.ts";
import { BFD_DEFAULTS } from "../../model/bfd/bfd.ts";
import {
  BGP_DEFAULTS,
  BGP_PORT,
  type BgpAnnouncement,
  type BgpConfiguration,
  type BgpPeerSettings,
  MAX_BGP_ANNOUNCEMENTS,
  MAX_BGP_PEERS,
} from "../../model/bgp/bgp.ts";
import { configReasons } from "../../model/config-reasons.ts";
import type { NotifySettings } from "../../model/configuration.ts";
import { passedAddress, passedPrefix } from "../schema-texts.ts";

const as = z.number().int().min(1).max(4_294_967_294);
const device = z.string().min(1).max(15);

const bfd = z.strictObject({
  interval: durationWord({ leastMs: 10, mostMs: 60_000, bareUnit: "s" }).default(BFD_DEFAULTS.intervalMs),
  multiplier: z.number().int().min(1).max(255).default(BFD_DEFAULTS.multiplier),
});

const peer = z.strictObject({
  address: addressWord(),
  as,
  port: z.number().int().min(1).max(65_535).default(BGP_PORT),
  source: addressWord().optional(),
  device: device.optional(),
  nextHop: addressWord().optional(),
  /** TCP MD5: up to 80 bytes in the first line of a file that only root reads. */
  passwordFile: z.string().min(1).optional(),
  ttlSecurity: z.boolean().default(BGP_DEFAULTS.ttlSecurity),
  hold: durationWord({ leastMs: 0, mostMs: 65_535_000, bareUnit: "s" }).default(BGP_DEFAULTS.holdMs),
  bfd: z.union([z.literal(true), bfd]).optional(),
});

const announcement = z.strictObject({
  name: z.string().min(1).max(128),
  addresses: z.array(prefixWord()).min(1).max(64),
  device: device.default("lo"),
  communities: z
    .array(z.string().regex(/^\d{1,5}:\d{1,5}$/, "needs two numbers, as 65000:100"))
    .max(32)
    .default([]),
  med: z.number().int().min(0).max(4_294_967_295).optional(),
  checks: z.array(z.string()).default([]),
  notify: notifySchema.default({}),
});

export const bgpSchema = z.strictObject({
  as,
  routerId: addressWord(),
  drain: durationWord({ leastMs: 0, mostMs: 600_000, bareUnit: "s" }).default(BGP_DEFAULTS.drainMs),
  peers: z.array(peer).min(1).max(MAX_BGP_PEERS),
  announce: z.array(announcement).min(1).max(MAX_BGP_ANNOUNCEMENTS),
});

export type BgpSection = z.output<typeof bgpSchema>;

function peerOf(section: BgpSection["peers"][number]): BgpPeerSettings {
  const { address: text, bfd: watch, device: on, hold, nextHop, passwordFile, source, ...rest } = section;
  return {
    ...rest,
    address: passedAddress(text),
    holdMs: hold,
    ...(source === undefined ? {} : { source: passedAddress(source) }),
    ...(on === undefined ? {} : { device: on }),
    ...(nextHop === undefined ? {} : { nextHop: passedAddress(nextHop) }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(watch === undefined
      ? {}
      : {
          bfd: watch === true ? BFD_DEFAULTS : { intervalMs: watch.interval, multiplier: watch.multiplier },
        }),
  };
}

function announcementOf(
  section: BgpSection["announce"][number],
  notify: NotifySettings,
  at: Position,
): BgpAnnouncement {
  const { addresses, checks, communities, device: on, med, name } = section;
  const numbers = communities.map((text) => {
    const [high = 0, low = 0] = text.split(":").map(Number);
    return high * 65_536 + low;
  });
  return {
    settings: {
      name,
      prefixes: addresses.map(passedPrefix),
      device: on,
      communities: numbers,
      ...(med === undefined ? {} : { med }),
    },
    tracks: checks.map((check) => ({ check, at })),
    notify,
    at,
  };
}

/** @param at where an entry of `peers` or `announce` is */
export function readBgp(
  section: BgpSection,
  at: (kind: "peers" | "announce", index: number) => Position,
  scripts: (section: BgpSection["announce"][number]["notify"]) => NotifySettings,
  problems: Reason[],
): BgpConfiguration {
  const wrong = (word: string, needs: string, example: string, where: Position): void => {
    problems.push(reason(configReasons, "VIP_CONF_VALUE", { word, needs, example }, where));
  };
  const routerId = passedAddress(section.routerId);
  if (routerId.family !== 4) wrong("routerId", "an IPv4 address", "routerId: 10.0.0.1", at("peers", 0));
  const peers = section.peers.map(peerOf);
  for (const [index, one] of peers.entries()) {
    const place = at("peers", index);
    if (one.holdMs > 0 && (one.holdMs < 3_000 || one.holdMs % 1_000 !== 0)) {
      wrong("hold", "0, or whole seconds from 3 on", "hold: 9s", place);
    }
    if (one.source !== undefined && one.source.family !== one.address.family) {
      wrong("source", `an IPv${one.address.family} address, as the peer's`, "source: 10.0.0.1", place);
    }
  }
  const announcements = section.announce.map((one, index) =>
    announcementOf(one, scripts(one.notify), at("announce", index)),
  );
  for (const { at: place, settings } of announcements) {
    for (const one of settings.prefixes) {
      const network = formatPrefix(networkOf(one));
      if (network === formatPrefix(one)) continue;
      wrong("addresses", "single addresses or whole networks", network, place ?? at("announce", 0));
    }
    if (settings.communities.some((number) => number > 0xffff_ffff)) {
      wrong("communities", "two numbers up to 65535", '"65000:100"', place ?? at("announce", 0));
    }
  }
  const { as: own, drain } = section;
  return { settings: { as: own, routerId, drainMs: drain, peers }, announcements };
}
