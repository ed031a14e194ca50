/** Prometheus metrics of the daemon, from the deadline thread's counters. */
import { addProcessMetrics } from "../../../../shared/drive/metrics/process-metrics.ts";
import { Registry } from "../../../../shared/drive/metrics/registry.ts";
import { VERSION } from "../../../../shared/model/version.ts";
import type { RouterView, ThreadReport } from "../../model/messages.ts";
import type { CheckView } from "./health-watch.ts";

const COUNTERS = {
  advertsSent: ["fivenines_vip_adverts_sent_total", "Adverts sent."],
  advertsReceived: ["fivenines_vip_adverts_received_total", "Good adverts of other hosts."],
  stopsSent: ["fivenines_vip_priority_zero_sent_total", "Adverts with priority 0 sent."],
  stopsReceived: ["fivenines_vip_priority_zero_received_total", "Adverts with priority 0 received."],
  badPackets: ["fivenines_vip_bad_packets_total", "Packets that were ignored: checksum, version, password."],
  becameMaster: ["fivenines_vip_became_master_total", "How often this host took the address."],
  leftMaster: ["fivenines_vip_left_master_total", "How often this host let it go."],
  announcements: ["fivenines_vip_announcements_total", "Rounds of gratuitous ARP or neighbour advertisements."],
} as const;
type CounterName = keyof typeof COUNTERS;
const NAMES = Object.keys(COUNTERS) as CounterName[];

export interface MetricsInput {
  readonly views: ReadonlyMap<string, RouterView>;
  readonly checks: readonly CheckView[];
}

export class VipMetrics {
  readonly registry = new Registry();
  readonly #counters = new Map(
    NAMES.map((key) => {
      const [name, help] = COUNTERS[key];
      return [key, this.registry.counter({ name, help, labels: ["router"] })];
    }),
  );
  readonly #late = this.registry.gauge({
    name: "fivenines_vip_worst_deadline_delay_seconds",
    help: "The worst delay of a deadline between the last two reports of the deadline thread.",
  });

  constructor(input: () => MetricsInput) {
    addProcessMetrics(this.registry, "ha-vip", VERSION);
    const labels = ["router"];
    const master = this.registry.gauge({ name: "fivenines_vip_master", help: "1 where the address is.", labels });
    const fault = this.registry.gauge({ name: "fivenines_vip_fault", help: "1 when it can't be here.", labels });
    const priority = this.registry.gauge({ name: "fivenines_vip_priority", help: "Priority with checks.", labels });
    const check = this.registry.gauge({
      name: "fivenines_vip_check_passing",
      help: "1 while the check passes.",
      labels: ["check"],
    });
    this.registry.onScrape(() => {
      for (const gauge of [master, fault, priority, check]) gauge.clear();
      const { checks, views } = input();
      for (const { name: router, priority: value, role } of views.values()) {
        master.set(role === "master" ? 1 : 0, { router });
        fault.set(role === "fault" || role === "conflict" ? 1 : 0, { router });
        priority.set(value, { router });
      }
      for (const { name, passing } of checks) check.set(passing ? 1 : 0, { check: name });
    });
  }

  take(report: ThreadReport): void {
    this.#late.set(report.worstLateMs / 1000);
    for (const router of report.routers) {
      for (const key of NAMES) {
        const counter = this.#counters.get(key);
        const before = counter?.value({ router: router.name }) ?? 0;
        counter?.add({ router: router.name }, Math.max(0, router[key] - before));
      }
    }
  }
}
