/** Why an address is here, or not: from what the router, its checks and its configuration are now. Pure. */
import { formatAddress } from "../../../shared/text/address.ts";
import { formatPosition } from "../../../shared/text/position.ts";
import type { RouterConfiguration } from "../model/configuration.ts";
import type { RouterView } from "../model/messages.ts";
import { downTimeMs } from "./timers.ts";

export interface ExplainInput {
  readonly host: string;
  readonly router: RouterConfiguration;
  readonly view: RouterView;
  readonly shares: readonly { readonly check: string; readonly share: number; readonly passing: boolean }[];
}

export interface Explanation {
  readonly router: string;
  readonly addresses: readonly string[];
  readonly role: RouterView["role"];
  /** One sentence. */
  readonly because: string;
  /** Where our priority comes from, number by number. */
  readonly score: readonly { readonly what: string; readonly value: number; readonly from: string }[];
  readonly faults: readonly string[];
  /** What would change it. */
  readonly change: readonly string[];
}

function sentence({ host, router, view }: ExplainInput): string {
  const { name } = router.settings;
  const { master, masterPriority, priority } = view;
  switch (view.role) {
    case "master":
      return `${name} is on this host (${host}): no other host speaks with a priority above ${priority}.`;
    case "backup": {
      if (master === undefined) return `${name} isn't here yet: this host listens whether another one has it.`;
      const than = (masterPriority ?? 0) > priority ? "is higher than" : "is not lower than";
      const lower = (masterPriority ?? 0) < priority;
      return lower
        ? `${name} is on ${master} although its priority ${masterPriority} is lower than ${priority} here: preemption is off or waits.`
        : `${name} is on ${master}: its priority ${masterPriority} ${than} ${priority} here.`;
    }
    case "fault":
      return `${name} can't be here: ${view.faults.join("; ")}.`;
    case "conflict":
      return `${name} isn't taken: the address answers at ${view.conflictWith}, which doesn't speak VRRP.`;
    case "stopped":
      return `${name} is stopped on this host.`;
  }
}

function changes({ router, view }: ExplainInput): string[] {
  const { settings } = router;
  const found: string[] = [];
  if (view.role === "fault") found.push(...view.faults.map((fault) => `mend: ${fault}`));
  if (view.role === "conflict") found.push(`remove the address from the host with ${view.conflictWith}`);
  if (view.role === "backup" && view.master !== undefined) {
    const ms = Math.round(downTimeMs(settings, view.priority, view.masterIntervalMs));
    found.push(`${ms} ms without an advert from ${view.master}`);
    if (settings.preempt) found.push(`a priority above ${view.masterPriority} here`);
  }
  if (view.role === "master") {
    found.push(`a host with a priority above ${view.priority} that may preempt`);
    found.push(...router.tracks.map((track) => `check ${track.check} failing`));
  }
  return found;
}

export function explainRouter(input: ExplainInput): Explanation {
  const { router, shares, view } = input;
  const { settings } = router;
  const at = router.at === undefined ? "" : formatPosition(router.at);
  const score = [
    { what: "priority", value: settings.priority, from: at },
    ...shares.map(({ check, passing, share }) => {
      const track = router.tracks.find((one) => one.check === check);
      const place = track?.at === undefined ? "" : ` ${formatPosition(track.at)}`;
      return { what: `check ${check}`, value: share, from: `${passing ? "passes" : "fails"}${place}` };
    }),
    ...(view.deviceAdjustment === 0 ? [] : [{ what: "interfaces", value: view.deviceAdjustment, from: "" }]),
    { what: "advertised", value: view.priority, from: "" },
  ];
  return {
    router: settings.name,
    addresses: settings.addresses.map((one) => formatAddress(one.address)),
    role: view.role,
    because: sentence(input),
    score,
    faults: view.faults,
    change: changes(input),
  };
}
