/** What the supervisor does for a dead speaker: its sessions ended with it, its addresses go now. */
import type { RouteClient } from "../../../../shared/drive/net/route-client.ts";
import { AnycastAddresses } from "../../drive/bgp/anycast-addresses.ts";
import type { BgpConfiguration } from "../../model/bgp/bgp.ts";

export function releaseBgp({ announcements }: BgpConfiguration, routes: RouteClient): void {
  for (const { settings } of announcements) new AnycastAddresses(routes, settings).drop();
}
