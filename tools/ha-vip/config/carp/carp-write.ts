/** A CARP group in the words of ha.yaml, without its scripts. */
import { formatAddress } from "../../../../shared/text/address.ts";
import { formatPrefix } from "../../../../shared/text/prefix.ts";
import { CARP_DEFAULTS, type CarpConfiguration } from "../../model/carp/carp.ts";

/** What equals the default is undefined, and so left out. */
export function carpWords({ settings, tracks }: CarpConfiguration): Record<string, unknown> {
  const { addresses, deadRatio, device, name, passwordFile, preempt, rank, source, vhid } = settings;
  return {
    name,
    vhid,
    device,
    addresses: addresses.map(({ address, prefixLength }) => formatPrefix({ address, length: prefixLength })),
    passwordFile,
    advbase: rank.base,
    advskew: rank.skew,
    deadRatio: deadRatio === CARP_DEFAULTS.deadRatio ? undefined : deadRatio,
    preempt,
    source: source && formatAddress(source),
    checks: tracks.map((track) => track.check),
  };
}
