/** BGP announcements in the status report, and their explanation. Pure. */
import type { ServiceStatus } from "../../../../shared/model/status.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { formatPosition } from "../../../../shared/text/position.ts";
import { formatPrefix } from "../../../../shared/text/prefix.ts";
import type { Explanation } from "../../decide/explain.ts";
import type { BgpAnnouncement, BgpConfiguration } from "../../model/bgp/bgp.ts";
import type { RouterView } from "../../model/messages.ts";

/** Peers that were told, and those that weren't. */
function sessions(bgp: BgpConfiguration, view: RouterView | undefined): { up: string[]; down: string[] } {
  const up = view?.master?.split(", ") ?? [];
  const all = bgp.settings.peers.map((peer) => formatAddress(peer.address));
  return { up, down: all.filter((peer) => !up.includes(peer)) };
}

const WORDS = {
  master: ["active", "announced"],
  backup: ["standby", "not announced"],
  fault: ["failed", "withdrawn"],
  conflict: ["failed", "withdrawn"],
  stopped: ["absent", "stopped"],
} as const;

export function announcementService(
  bgp: BgpConfiguration,
  { settings }: BgpAnnouncement,
  view: RouterView | undefined,
  sinceMs: number | undefined,
): ServiceStatus {
  const { up, down } = sessions(bgp, view);
  const role = view?.role ?? "stopped";
  const [state, text] = WORDS[role];
  const [first] = settings.prefixes;
  const more = settings.prefixes.length > 1 ? ` +${settings.prefixes.length - 1}` : "";
  const missing = down.length === 0 ? "" : `, not to ${down.join(" ")}`;
  return {
    name: `vip ${first === undefined ? settings.name : formatPrefix(first)}${more}`,
    kind: "vip",
    state: role !== "master" ? "down" : down.length > 0 ? "degraded" : "up",
    here: { state, text },
    detail: `bgp AS ${bgp.settings.as}, told to ${role === "master" ? up.join(" ") : "nobody"}${missing}`,
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

export function explainAnnouncement(
  bgp: BgpConfiguration,
  { at, settings, tracks }: BgpAnnouncement,
  host: string,
  view: RouterView,
): Explanation {
  const { name } = settings;
  const { up, down } = sessions(bgp, view);
  const because = {
    master: `${name} is announced by this host (${host}) to ${up.join(", ")}: all its checks pass.`,
    backup: `${name} could be announced by this host, but there is no BGP session that takes it.`,
    fault: `${name} is withdrawn: ${view.faults.join("; ")}.`,
    conflict: `${name} is withdrawn: ${view.faults.join("; ")}.`,
    stopped: `${name} is stopped on this host.`,
  }[view.role];
  return {
    router: name,
    addresses: settings.prefixes.map(formatPrefix),
    role: view.role,
    because,
    score: [{ what: "peers told", value: up.length, from: at === undefined ? "" : formatPosition(at) }],
    faults: view.faults,
    change: [
      ...view.faults.map((fault) => `mend: ${fault}`),
      ...(view.role === "fault" ? [] : down.map((peer) => `a BGP session with ${peer} that takes it`)),
      ...(view.role === "master" ? tracks.map((track) => `check ${track.check} failing`) : []),
    ],
  };
}
