/** CARP groups in the status report, and their explanation. Pure. */
import type { ServiceStatus } from "../../../../shared/model/status.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { formatPosition } from "../../../../shared/text/position.ts";
import { carpDownMs } from "../../decide/carp/carp-timers.ts";
import type { Explanation } from "../../decide/explain.ts";
import type { CarpConfiguration } from "../../model/carp/carp.ts";
import type { RouterView } from "../../model/messages.ts";

const CELL = { master: "active", backup: "standby", fault: "failed", conflict: "failed", stopped: "absent" } as const;

export function carpService(
  { settings }: CarpConfiguration,
  view: RouterView | undefined,
  sinceMs: number | undefined,
): ServiceStatus {
  const { addresses, rank, vhid } = settings;
  const role = view?.role ?? "stopped";
  const [first] = addresses;
  const more = addresses.length > 1 ? ` +${addresses.length - 1}` : "";
  const master = role === "master" ? "here" : (view?.master ?? "nobody");
  return {
    name: `vip ${first === undefined ? settings.name : formatAddress(first.address)}${more}`,
    kind: "vip",
    state: role === "master" || view?.master !== undefined ? "up" : "down",
    here: { state: CELL[role], text: role },
    detail: `carp ${vhid}, advbase ${rank.base}, advskew ${rank.skew}, master ${master}`,
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

function sentence(name: string, host: string, view: RouterView): string {
  switch (view.role) {
    case "master":
      return `${name} is on this host (${host}): no other host speaks more often.`;
    case "backup":
      return view.master === undefined
        ? `${name} isn't here yet: this host listens whether another one has it.`
        : `${name} is on ${view.master}, which speaks every ${view.masterIntervalMs} ms.`;
    case "fault":
    case "conflict":
      return `${name} can't be here: ${view.faults.join("; ")}.`;
    case "stopped":
      return `${name} is stopped on this host.`;
  }
}

export function explainCarp({ at, settings }: CarpConfiguration, host: string, view: RouterView): Explanation {
  const { addresses, name, rank } = settings;
  const from = at === undefined ? "" : formatPosition(at);
  const waits = Math.round(carpDownMs(settings));
  return {
    router: name,
    addresses: addresses.map((one) => formatAddress(one.address)),
    role: view.role,
    because: sentence(name, host, view),
    score: [
      { what: "advbase", value: rank.base, from },
      { what: "advskew", value: rank.skew, from },
    ],
    faults: view.faults,
    change:
      view.role === "backup" && view.master !== undefined
        ? [`${waits} ms without a packet from ${view.master}`]
        : view.faults.map((fault) => `mend: ${fault}`),
  };
}
