/** The status report of ha-vip, from what the deadline thread last said of its routers. Pure. */
import {
  type Attention,
  type ServiceStatus,
  STATUS_SCHEMA,
  type StatusEvent,
  type StatusReport,
} from "../../../../shared/model/status.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { announcementService } from "../bgp/bgp-status.ts";
import { carpService } from "../carp/carp-status.ts";
import type { VipConfiguration } from "../../model/configuration.ts";
import type { RouterView } from "../../model/messages.ts";

export interface StatusInput {
  readonly version: string;
  readonly host: string;
  readonly nowMs: number;
  readonly configuration: VipConfiguration;
  readonly views: ReadonlyMap<string, RouterView>;
  /** When each router came into its role, Unix ms. */
  readonly since: ReadonlyMap<string, number>;
  readonly failing: readonly { readonly name: string; readonly detail: string }[];
  /** What the system refused the deadline thread. */
  readonly refused: readonly string[];
  readonly events: readonly StatusEvent[];
}

const CELL = { master: "active", backup: "standby", fault: "failed", conflict: "failed", stopped: "absent" } as const;

function serviceOf(input: StatusInput, router: VipConfiguration["routers"][number]): ServiceStatus {
  const { addresses, name, vrid } = router.settings;
  const view = input.views.get(name);
  const role = view?.role ?? "stopped";
  const [first] = addresses;
  const more = addresses.length > 1 ? ` +${addresses.length - 1}` : "";
  const master = role === "master" ? "here" : (view?.master ?? "nobody");
  // A backup that hears a master knows that the service is up; without one it is waiting for its turn.
  const state = role === "master" || view?.master !== undefined ? "up" : "down";
  const sinceMs = input.since.get(name);
  return {
    name: `vip ${first === undefined ? name : formatAddress(first.address)}${more}`,
    kind: "vip",
    state,
    here: { state: CELL[role], text: `${role} ${view?.priority ?? ""}`.trim() },
    detail: `vrid ${vrid}, master ${master}`,
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

function attentionOf(input: StatusInput): Attention[] {
  const items: Attention[] = [];
  for (const view of input.views.values()) {
    if (view.role === "conflict") {
      const holder = view.conflictWith ?? "";
      const sentence = `the address answers at ${holder}, which doesn't speak VRRP: it is left alone`;
      items.push({ code: "VIP_CONFLICT", severity: "error", subject: view.name, sentence });
    }
    if (view.role !== "fault") continue;
    items.push({
      code: "VIP_FAULT",
      severity: "error",
      subject: view.name,
      sentence: `can't serve here: ${view.faults.join(", ")}`,
    });
  }
  for (const { detail, name } of input.failing) {
    items.push({ code: "VIP_CHECK_DOWN", severity: "warning", subject: name, sentence: `check fails: ${detail}` });
  }
  if (input.refused.length > 0) {
    items.push({
      code: "VIP_NOT_REAL_TIME",
      severity: "warning",
      subject: input.host,
      sentence: `the system refused ${input.refused.join(", ")}: adverts may be late under load`,
      fix: "start it as root, or grant CAP_SYS_NICE and a larger memlock limit",
    });
  }
  return items;
}

function announcements({ configuration, since, views }: StatusInput): ServiceStatus[] {
  const { bgp } = configuration;
  if (bgp === undefined) return [];
  return bgp.announcements.map((one) => {
    const { name } = one.settings;
    return announcementService(bgp, one, views.get(name), since.get(name));
  });
}

export function statusReport(input: StatusInput): StatusReport {
  return {
    schema: STATUS_SCHEMA,
    tool: "ha-vip",
    version: input.version,
    host: input.host,
    sampledAtMs: input.nowMs,
    configuration: input.configuration.origin,
    services: [
      ...input.configuration.routers.map((router) => serviceOf(input, router)),
      ...(input.configuration.carps ?? []).map((carp) => {
        const { name } = carp.settings;
        return carpService(carp, input.views.get(name), input.since.get(name));
      }),
      ...announcements(input),
    ],
    attention: attentionOf(input),
    events: [...input.events],
  };
}
