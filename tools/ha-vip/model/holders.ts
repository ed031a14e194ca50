import type { Position } from "../../../shared/text/position.ts";
import type { NotifySettings, TrackedCheck, VipConfiguration } from "./configuration.ts";

/** Whatever follows checks and is told of by scripts, whichever protocol moves its addresses. */
export interface Holder {
  readonly settings: { readonly name: string };
  readonly tracks: readonly TrackedCheck[];
  readonly notify: NotifySettings;
  readonly at?: Position;
}

/** Virtual routers, CARP groups and BGP announcements; their names are different. */
export function holdersOf({ bgp, carps = [], routers }: VipConfiguration): readonly Holder[] {
  return [...routers, ...carps, ...(bgp?.announcements ?? [])];
}
