/** What is wrong or unwise in a configuration as a whole, whichever form it was written in. Pure. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../shared/text/address.ts";
import { hint } from "../../../shared/text/did-you-mean.ts";
import { configReasons } from "./config-reasons.ts";
import type { CheckSettings, RouterConfiguration, VipConfiguration } from "./configuration.ts";
import { type Holder, holdersOf } from "./holders.ts";
import { MULTICAST_V4, MULTICAST_V6 } from "./packet.ts";

/** With a total below this, hosts whose priorities differ by keepalived's advice (50) never change places. */
const USUAL_GAP = 50;

export function checkConfiguration(configuration: VipConfiguration): Reason[] {
  const { bgp, carps = [], checks, routers } = configuration;
  return [
    ...doubleChecks(checks),
    ...doubleGroups(configuration),
    ...doubleRouters(routers),
    ...doubleAddresses(routers),
    ...[...carps, ...(bgp?.announcements ?? [])].flatMap((one) => [
      ...unknownChecks(one, checks),
      ...doubleNames(one, configuration),
    ]),
    ...routers.flatMap((router) => [...unknownChecks(router, checks), ...weakWeights(router, checks)]),
  ];
}

function doubleChecks(checks: readonly CheckSettings[]): Reason[] {
  const seen = new Set<string>();
  return checks.flatMap(({ at, name }) => {
    const twice = seen.has(name);
    seen.add(name);
    return twice ? [reason(configReasons, "VIP_CONF_TWICE", { what: "vrrp_script", name }, at)] : [];
  });
}

function doubleGroups({ groups }: VipConfiguration): Reason[] {
  const seen = new Set<string>();
  return groups.flatMap(({ at, name }) => {
    const twice = seen.has(name);
    seen.add(name);
    return twice ? [reason(configReasons, "VIP_CONF_TWICE", { what: "vrrp_sync_group", name }, at)] : [];
  });
}

function doubleRouters(routers: readonly RouterConfiguration[]): Reason[] {
  const found: Reason[] = [];
  const names = new Set<string>();
  const onLink = new Map<string, string>();
  for (const { at, settings } of routers) {
    const { device, family, group, name, peers, vrid } = settings;
    if (names.has(name)) found.push(reason(configReasons, "VIP_CONF_TWICE", { what: "vrrp_instance", name }, at));
    names.add(name);
    // Other peers or another group: they never hear each other.
    const usual = group === undefined || [MULTICAST_V4, MULTICAST_V6].includes(formatAddress(group));
    const audience = [...peers, ...(usual ? [] : [group])].map(formatAddress).join(" ");
    const link = `${device} ${vrid} ${family} ${audience}`;
    const other = onLink.get(link);
    if (other !== undefined) {
      found.push(reason(configReasons, "VIP_CONF_VRID_CLASH", { name, other, vrid, device }, at));
    }
    onLink.set(link, name);
  }
  return found;
}

function doubleAddresses(routers: readonly RouterConfiguration[]): Reason[] {
  const found: Reason[] = [];
  const owner = new Map<string, string>();
  for (const { at, settings } of routers) {
    for (const one of [...settings.addresses, ...settings.excludedAddresses]) {
      const address = `${formatAddress(one.address)} on ${one.device ?? settings.device}`;
      const other = owner.get(address);
      if (other !== undefined) {
        const { name } = settings;
        found.push(
          other === name
            ? reason(configReasons, "VIP_CONF_ADDRESS_AGAIN", { address, name }, at)
            : reason(configReasons, "VIP_CONF_ADDRESS_TWICE", { address, name, other }, at),
        );
      }
      owner.set(address, settings.name);
    }
  }
  return found;
}

/** Names are what commands and checks' effects go by, whichever protocol moves the addresses. */
function doubleNames(one: Holder, configuration: VipConfiguration): Reason[] {
  const { name } = one.settings;
  if (holdersOf(configuration).filter((other) => other.settings.name === name).length < 2) return [];
  return [reason(configReasons, "VIP_CONF_TWICE", { what: "the name", name }, one.at)];
}

function unknownChecks(router: Pick<Holder, "tracks">, checks: readonly CheckSettings[]): Reason[] {
  const names = checks.map((check) => check.name);
  return router.tracks
    .filter((track) => !names.includes(track.check))
    .map((track) => {
      const data = { name: track.check, hint: hint(track.check, names) };
      return reason(configReasons, "VIP_CONF_NO_SCRIPT", data, track.at);
    });
}

/** Weights too small to ever cause a failover are the commonest mistake with keepalived. */
function weakWeights(router: RouterConfiguration, checks: readonly CheckSettings[]): Reason[] {
  const weighted = router.tracks.flatMap((track) => {
    const check = checks.find((one) => one.name === track.check);
    // A file's weight is multiplied by what stands in it: nothing can be said.
    if (check === undefined || check.target.kind === "file") return [];
    const weight = track.weight ?? check.weight;
    return [{ track, weight }];
  });
  const some = weighted.filter(({ weight }) => weight !== 0);
  const devices = router.settings.trackedDevices.some((one) => one.weight === 0);
  if (some.length === 0 || devices || some.length < weighted.length) return [];
  const most = some.reduce((sum, { weight }) => sum + Math.abs(weight), 0);
  const [first] = some;
  if (most >= USUAL_GAP || first === undefined) return [];
  const { name, priority } = router.settings;
  if (some.length > 1) {
    return [reason(configReasons, "VIP_CONF_GAP", { name, most, priority }, first.track.at ?? router.at)];
  }
  const data = { name, check: first.track.check, weight: Math.abs(first.weight) };
  return [reason(configReasons, "VIP_CONF_WEAK_WEIGHT", data, first.track.at ?? router.at)];
}
