/** The section `bgp:` in the words of ha.yaml, without scripts. */
import { formatAddress } from "../../../../shared/text/address.ts";
import { formatDuration } from "../../../../shared/text/duration.ts";
import { formatPrefix } from "../../../../shared/text/prefix.ts";
import type { BgpAnnouncement, BgpPeerSettings, BgpSettings } from "../../model/bgp/bgp.ts";

export function bgpWords({ as, drainMs, routerId }: BgpSettings): Record<string, unknown> {
  return { as, routerId: formatAddress(routerId), drain: formatDuration(drainMs) };
}

export function peerWords(peer: BgpPeerSettings): Record<string, unknown> {
  const { address, bfd, holdMs, nextHop, source, ...rest } = peer;
  return {
    address: formatAddress(address),
    ...rest,
    source: source && formatAddress(source),
    nextHop: nextHop && formatAddress(nextHop),
    hold: formatDuration(holdMs),
    bfd: bfd && { interval: formatDuration(bfd.intervalMs), multiplier: bfd.multiplier },
  };
}

export function announcementWords({ settings, tracks }: BgpAnnouncement): Record<string, unknown> {
  const { communities, device, med, name, prefixes } = settings;
  return {
    name,
    addresses: prefixes.map(formatPrefix),
    device,
    communities: communities.map((number) => `${Math.floor(number / 65_536)}:${number % 65_536}`),
    med,
    checks: tracks.map((track) => track.check),
  };
}
