/** Which routes each peer should have, and what has to be said for that. Pure. */
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress, type IpAddress } from "../../../../shared/text/address.ts";
import { formatPrefix, type IpPrefix } from "../../../../shared/text/prefix.ts";
import {
  type BgpAnnouncementSettings,
  type BgpPeerSettings,
  COMMUNITY_GRACEFUL_SHUTDOWN,
} from "../../model/bgp/bgp.ts";
import type { BgpRoute } from "../../model/bgp/message.ts";
import { bgpReasons } from "../../model/bgp/reasons.ts";

/** What one host wants to be known of one announcement now. */
export interface Standing {
  readonly settings: BgpAnnouncementSettings;
  readonly announced: boolean;
  /** Still announced, but marked so that every other path is preferred (RFC 8326). */
  readonly leaving: boolean;
}

export interface RouteContext {
  readonly peer: BgpPeerSettings;
  /** Our own address on the session. */
  readonly own: IpAddress;
  /** Families that the peer takes. */
  readonly families: readonly (4 | 6)[];
}

/** The routes that a peer should have, by prefix; and those that it can't have, with the reason. */
export function routesFor(
  standings: readonly Standing[],
  { families, own, peer }: RouteContext,
): { readonly routes: ReadonlyMap<string, BgpRoute>; readonly reasons: readonly Reason[] } {
  const routes = new Map<string, BgpRoute>();
  const reasons: Reason[] = [];
  for (const { announced, leaving, settings } of standings) {
    if (!announced) continue;
    const communities = leaving ? [...settings.communities, COMMUNITY_GRACEFUL_SHUTDOWN] : settings.communities;
    for (const prefix of settings.prefixes) {
      const { family } = prefix.address;
      const facts = { prefix: formatPrefix(prefix), peer: formatAddress(peer.address), family };
      const nextHop = [own, peer.nextHop].find((one) => one?.family === family);
      if (!families.includes(family)) {
        reasons.push(reason(bgpReasons, "VIP_BGP_NO_FAMILY", facts));
      } else if (nextHop === undefined) {
        const session = { ...facts, family: own.family };
        reasons.push(reason(bgpReasons, "VIP_BGP_NO_NEXT_HOP", session));
      } else {
        const med = settings.med === undefined ? {} : { med: settings.med };
        routes.set(facts.prefix, { prefix, nextHop, communities, ...med });
      }
    }
  }
  return { routes, reasons };
}

export interface RouteChanges {
  readonly announce: readonly BgpRoute[];
  readonly withdraw: readonly IpPrefix[];
}

/** From what a peer was told to what it should know. */
export function routeChanges(told: ReadonlyMap<string, BgpRoute>, wanted: ReadonlyMap<string, BgpRoute>): RouteChanges {
  const announce = [...wanted].flatMap(([prefix, route]) => {
    const before = told.get(prefix);
    return before !== undefined && JSON.stringify(before) === JSON.stringify(route) ? [] : [route];
  });
  const withdraw = [...told].flatMap(([prefix, route]) => (wanted.has(prefix) ? [] : [route.prefix]));
  return { announce, withdraw };
}
