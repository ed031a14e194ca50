/** What a new configuration changes, and the change of one running router without dropping what stays. */
import { sameAddress } from "../../../../shared/text/address.ts";
import { type Network, RouterPort } from "../../drive/router-port.ts";
import type { Speakers } from "../../drive/speakers.ts";
import type { RouterSettings, VirtualAddress } from "../../model/router.ts";
import type { LiveRouter } from "./live-router.ts";
import type { RouterSteps } from "./router-steps.ts";

export interface ReloadPlan {
  readonly added: readonly RouterSettings[];
  readonly changed: readonly { readonly name: string; readonly settings: RouterSettings }[];
  readonly removed: readonly string[];
  readonly kept: number;
}

/** A router with another one of these is another router. */
function identity({ device, family, name, version, vmac, vrid }: RouterSettings): string {
  return JSON.stringify([name, vrid, family, version, device, vmac ?? null]);
}

/** Compares by name. A router whose identity changes is removed and added. */
export function planReload(
  running: ReadonlyMap<string, RouterSettings>,
  wanted: readonly RouterSettings[],
): ReloadPlan {
  const added: RouterSettings[] = [];
  const changed: { name: string; settings: RouterSettings }[] = [];
  let kept = 0;
  const staying = new Set<string>();
  for (const settings of wanted) {
    const before = running.get(settings.name);
    if (before === undefined || identity(before) !== identity(settings)) added.push(settings);
    else {
      staying.add(settings.name);
      if (JSON.stringify(before) === JSON.stringify(settings)) kept += 1;
      else changed.push({ name: settings.name, settings });
    }
  }
  return { added, changed, removed: [...running.keys()].filter((name) => !staying.has(name)), kept };
}

function hasAddress(list: readonly VirtualAddress[], one: VirtualAddress): boolean {
  return list.some(
    (other) =>
      sameAddress(other.address, one.address) && other.prefixLength === one.prefixLength && other.device === one.device,
  );
}

const allOf = (settings: RouterSettings): readonly VirtualAddress[] => [
  ...settings.addresses,
  ...settings.excludedAddresses,
];

/** Takes new settings over. A master stays master: only addresses that left the list go, only new ones come. */
export function applySettings(
  router: LiveRouter,
  settings: RouterSettings,
  network: Network,
  speakers: Speakers,
  steps: RouterSteps,
): void {
  const before = router.settings;
  const old = router.port;
  router.settings = settings;
  const opened = RouterPort.open(settings, network, speakers);
  if (typeof opened === "string") {
    router.linkFault = opened;
    return;
  }
  if (router.state.role === "master") {
    const gone = allOf(before).filter((one) => !hasAddress(allOf(settings), one));
    dropSome(before, gone, network, speakers);
    opened.take();
    const fresh = allOf(settings).some((one) => !hasAddress(allOf(before), one));
    if (fresh) opened.announce(settings.announce.count);
  }
  old?.close(speakers, { last: false });
  router.port = opened;
  steps.probes.cancel(router.name);
  // A beat with the new interval, and the new list of addresses, at once.
  if (router.state.role === "master") router.state = { ...router.state, advertAtMs: 0 };
  steps.reindex();
}

/** Removes addresses, and the routes and rules of the old settings, which come back with the new ones. */
function dropSome(before: RouterSettings, gone: readonly VirtualAddress[], network: Network, speakers: Speakers): void {
  const paths = before.routes.length + before.rules.length > 0;
  if (gone.length === 0 && !paths) return;
  const part = RouterPort.open({ ...before, addresses: gone, excludedAddresses: [] }, network, speakers);
  if (typeof part === "string") return;
  part.drop();
  part.close(speakers, { last: false });
}
