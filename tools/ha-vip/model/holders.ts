import type { NotifySettings, TrackedCheck, VipConfiguration } from "./configuration.ts";

/** Whatever follows checks and is told of by scripts, whichever protocol moves its addresses. */
export interface Holder {
  readonly settings: { readonly name: string };
  readonly tracks: readonly TrackedCheck[];
  readonly notify: NotifySettings;
}

/** Virtual routers and CARP groups; their names are different. */
export function holdersOf({ carps = [], routers }: VipConfiguration): readonly Holder[] {
  return [...routers, ...carps];
}
